// The shapes of what goes in and out, as zod: the same ones check requests and make the document. Bounds are those of
// tautline.v1; what a server has narrowed further it refuses itself.

import { checkChannel, checkPattern, LIMITS } from '@tautline/wire'
import { z } from 'zod'

/** What the document says of a shape beyond what zod knows. */
export interface About {
  /** Named shapes stand in `components`. */
  readonly id?: string
  readonly description?: string
  readonly examples?: readonly unknown[]
  readonly [keyword: string]: unknown
}

/** Everything said about shapes. Not zod's global registry: that is the application's. */
export const ABOUT: z.core.$ZodRegistry<About> = z.registry<About>()

function about<T extends z.ZodType>(shape: T, said: About): T {
  // What one operation says of a shared shape would be said everywhere.
  if (ABOUT.has(shape)) throw new Error('a shape that is described already')
  ABOUT.add(shape, said)
  return shape
}

/** A new shape each time: what is said about one says nothing about the next. */
const text = (max: number): z.ZodString => z.string().min(1).max(max)
const wellFormed = (value: string): boolean => value.isWellFormed()
const ILL_FORMED = 'must be well-formed Unicode'
/** What `checkChannel` and `checkPattern` allow, segment rules aside. */
const CHANNEL_TEXT = /^[!-)+-=?-[\]-z|~]+$/
const PATTERN_TEXT = /^[!-=?-[\]-z|~]+$/

function problemWith(checkIt: (name: string) => string | null): (value: string, context: z.RefinementCtx) => void {
  return (value, context) => {
    const message = checkIt(value)
    if (message !== null) context.addIssue({ code: 'custom', message })
  }
}

/** A regular expression stands in the document; what is said is what the wire says. */
const saidBy = (
  checkIt: (name: string) => string | null,
): { error: (issue: { readonly input?: unknown }) => string } => ({
  error: (issue) => checkIt(String(issue.input)) ?? 'is no such name',
})

export const channel: z.ZodString = about(
  text(LIMITS.name).regex(CHANNEL_TEXT, saidBy(checkChannel)).superRefine(problemWith(checkChannel)),
  {
    description: 'A channel: printable ASCII without space and * > { } \\, in segments with : between them.',
    examples: ['chat:42'],
  },
)
export const pattern: z.ZodString = about(
  text(LIMITS.name).regex(PATTERN_TEXT, saidBy(checkPattern)).superRefine(problemWith(checkPattern)),
  {
    description: 'Only channels of this pattern: * is any one segment, a final ** one or more.',
    examples: ['chat:*'],
  },
)
export const user: z.ZodString = about(text(1_024).refine(wellFormed, ILL_FORMED), {
  description: 'A user, as the connections were let in.',
  examples: ['ann'],
})
/** The body's JSON: checked by the wire, never copied. */
export const data: z.ZodOptional<z.ZodUnknown> = about(z.unknown().optional(), {
  description: `Any JSON; whole numbers within ±(2^53 − 1). At most ${LIMITS.body} bytes unless the server says otherwise.`,
  examples: [{ text: 'hello' }],
})
export const bytes: z.ZodOptional<z.ZodString> = about(
  z
    .string()
    .regex(/^[A-Za-z0-9_-]*$/, 'must be base64url without padding')
    .optional(),
  { description: 'Instead of data: bytes, as base64url without padding.' },
)
export const key: z.ZodOptional<z.ZodString> = about(
  text(LIMITS.key)
    .regex(/^[!-~]+$/, 'must be printable ASCII without space')
    .optional(),
  {
    description:
      'Idempotency key: the same call again gives the first position, for as long as the window lasts (info tells it). It belongs to the API key. The header Idempotency-Key says the same.',
    examples: ['order-1001'],
  },
)
export const state: z.ZodOptional<z.ZodString> = about(
  text(LIMITS.state)
    .refine((value) => value.isWellFormed() && Buffer.byteLength(value) <= LIMITS.state, {
      message: `must have at most ${LIMITS.state} bytes`,
    })
    .optional(),
  { description: 'State key: with the policy "latest" the newest of each key is what counts. 1 to 128 bytes.' },
)
export const limit = (max: number): z.ZodOptional<z.ZodInt> =>
  about(z.int().min(1).max(max).optional(), { description: `At most so many. Default 100.` })
export const next = (): z.ZodOptional<z.ZodString> =>
  about(text(LIMITS.name * 8).optional(), { description: 'The "next" of the page before.' })

export const position: z.ZodObject<{ epoch: z.ZodString; offset: z.ZodInt; id: z.ZodString }> = about(
  z.object({
    epoch: text(LIMITS.epoch),
    offset: z.int().min(0),
    id: z.string().max(LIMITS.key),
  }),
  {
    id: 'Position',
    description: 'A place in the log of a channel. Hand it back as it came.',
    examples: [{ epoch: 'p1', offset: 7, id: 'w.7' }],
  },
)
const someone = about(z.object({ user: z.string().optional(), peer: z.string().optional() }), {
  id: 'Publisher',
  description: 'Who published, as far as the rule of the channel shows it.',
})
export const member: z.ZodObject<{
  peer: z.ZodString
  user: z.ZodOptional<z.ZodString>
  info: z.ZodOptional<z.ZodUnknown>
}> = about(z.object({ peer: z.string(), user: z.string().optional(), info: z.unknown().optional() }), {
  id: 'Member',
  description: 'Somebody in a channel; peer is a pseudonym of the client.',
})
export const item: z.ZodObject = about(
  z.object({
    position: position,
    at: about(z.number(), { description: 'Time of the store, ms since 1970.' }),
    data: about(z.unknown().optional(), { description: 'What was published, as JSON …' }),
    bytes: about(z.string().optional(), { description: '… or bytes, as base64url.' }),
    key: z.string().optional(),
    state: z.string().optional(),
    from: someone.optional(),
    loss: about(z.enum(['none', 'possible']).optional(), {
      description:
        'The log begins a new epoch here. possible: entries before this one that had been acknowledged may have vanished.',
    }),
  }),
  { id: 'HistoryItem' },
)
export const failure: z.ZodObject = about(
  z.object({
    code: about(z.string(), { description: 'A code of tautline.v1 §11.4.', examples: ['bad-request'] }),
    message: z.string(),
    retry: about(z.enum(['no', 'later', 'auth', 'unknown']), {
      description:
        'no: never the same again; later: the same, after Retry-After; auth: with another key; unknown: it may have happened.',
    }),
    field: about(z.string().optional(), { description: 'The field that was wrong.' }),
  }),
  { id: 'Failure' },
)
export const refused: z.ZodObject = about(z.object({ error: failure }), { id: 'Refused' })
export const published: z.ZodObject = about(
  z.object({
    position: about(z.union([position, z.null()]), { description: 'null: the channel keeps no log.' }),
    duplicate: about(z.literal(true).optional(), { description: 'This key was used before: that is its position.' }),
  }),
  { id: 'Published' },
)
/** Nothing to say. */
export const done: z.ZodObject = about(z.object({}), { id: 'Done', description: 'It was done.' })

/** Either `data` or `bytes`, which JSON Schema says at the object. */
export const EITHER: About = { oneOf: [{ required: ['data'] }, { required: ['bytes'] }] }

/** The fields of a request, no others. `said` names it in the document. */
export function request<S extends z.ZodRawShape>(fields: S, said: About): z.ZodObject<S, z.core.$strict> {
  return about(z.strictObject(fields), said)
}

/** The fields of an answer: others may come later. */
export function answer<S extends z.ZodRawShape>(fields: S, said: About): z.ZodObject<S> {
  return about(z.object(fields), said)
}

/** Says something about a field of one operation alone. */
export { about }
