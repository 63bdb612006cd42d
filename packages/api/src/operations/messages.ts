// Publishing, to one channel or to many, and reading what was published.

import { base64url, checkChannel, type HistoryPage, storeBody } from '@tautline/wire'
import { z } from 'zod'
import { bodyOf, type Context, given, type Operation, operation, payloadOf } from '../operation.ts'
import { Refusal, refusalOf } from '../refusal.ts'
import {
  about,
  answer,
  bytes,
  channel,
  data,
  EITHER,
  failure,
  item,
  key,
  limit,
  position,
  published,
  request,
  state,
} from '../shapes.ts'

/** Channels of one broadcast. */
const MOST = 100
const TAG = 'Messages'

const publish = operation({
  name: 'publish',
  method: 'POST',
  scope: 'publish',
  tag: TAG,
  summary: 'Publish to a channel',
  description:
    'Answers when the message is stored, with its position. With an idempotency key the call may be repeated: the second one gives the position of the first.',
  input: request({ channel, data, bytes, key, state }, { id: 'Publish', ...EITHER }),
  example: { channel: 'chat:42', data: { text: 'hello' }, key: 'order-1001' },
  output: published,
  repeatable: (input) => input.key !== undefined,
  keyed: true,
  refusals: [409, 413],
  run: (input, { realtime, caller }) => {
    caller.mayName(input.channel, 'channel')
    const { key, state } = input
    return realtime.publish(input.channel, payloadOf(bodyOf(input)), given({ key, state, scope: caller.name }))
  },
})

const outcome = about(
  z
    .object({
      channel: z.string(),
      position: published.shape['position'] as z.ZodType,
      duplicate: z.literal(true).optional(),
    })
    .partial({ position: true })
    .extend({ error: failure.optional() }),
  { id: 'Outcome', description: 'What became of it in one channel: a position, or an error.' },
)

const broadcast = operation({
  name: 'broadcast',
  method: 'POST',
  scope: 'publish',
  tag: TAG,
  summary: 'Publish to many channels',
  description:
    'The same message to at most 100 channels, each by itself: one that fails does not keep it from the others, and each has its outcome, in the order asked. An idempotency key counts in each channel, so that a repeated broadcast stores only what is missing.',
  input: request(
    {
      channels: about(z.array(z.string().max(1_024)).min(1).max(MOST), {
        uniqueItems: true,
        description: 'Channels, each once.',
      }),
      data,
      bytes,
      key,
      state,
    },
    { id: 'Broadcast', ...EITHER },
  ),
  example: { channels: ['chat:42', 'chat:43'], data: { text: 'to all of you' }, key: 'notice-7' },
  output: answer(
    {
      results: z.array(outcome),
      failed: about(z.int(), { description: 'How many of them failed.' }),
    },
    { id: 'BroadcastDone' },
  ),
  repeatable: (input) => input.key !== undefined,
  keyed: true,
  refusals: [413],
  cost: (input) => input.channels.length,
  run: async (input, context) => {
    const { channels } = input
    const twice = channels.findIndex((one, i) => channels.indexOf(one) !== i)
    if (twice !== -1) {
      throw new Refusal('bad-request', `channels[${twice}] is there twice`, { field: `channels[${twice}]` })
    }
    // What is wrong with the message itself is wrong in every channel.
    storeBody(bodyOf(input), context.realtime.facts.limits)
    const results = await Promise.all(channels.map((one, i) => toOne(one, i, input, context)))
    return { results, failed: results.filter((result) => 'error' in result).length }
  },
})

interface Said {
  readonly data?: unknown
  readonly bytes?: string | undefined
  readonly key?: string | undefined
  readonly state?: string | undefined
}

async function toOne(channel: string, i: number, said: Said, { realtime, caller, failed }: Context): Promise<object> {
  try {
    const problem = checkChannel(channel)
    if (problem !== null) throw new Refusal('bad-request', `channels[${i}] ${problem}`, { field: `channels[${i}]` })
    caller.mayName(channel, `channels[${i}]`)
    const { key, state } = said
    const options = given({ key, state, scope: caller.name })
    // Bytes are taken over: each channel gets its own.
    return { channel, ...(await realtime.publish(channel, payloadOf(bodyOf(said)), options)) }
  } catch (error) {
    return { channel, error: refusalOf(error, failed).toFailure() }
  }
}

const history = operation({
  name: 'history',
  method: 'GET',
  scope: 'history',
  tag: TAG,
  summary: 'Read what was published',
  description:
    'A page of the log of a channel, oldest first: the newest entries, or those after or before a position. A position that is not in the log any more is answered 404, never with a silent jump.',
  input: request(
    {
      channel,
      limit: limit(500),
      after: about(position.optional(), { description: 'Entries behind this position, in JSON.' }),
      before: about(position.optional(), { description: 'The newest entries before this position, in JSON.' }),
    },
    {},
  ),
  example: { channel: 'chat:42', limit: 10 },
  output: answer(
    {
      items: z.array(item),
      start: position,
      end: position,
      more: about(z.boolean(), { description: 'Is there more in the direction asked?' }),
    },
    {
      id: 'History',
      description: 'start is the position before the first item (ask for what is before it), end that of the last one.',
    },
  ),
  repeatable: () => true,
  keyed: false,
  refusals: [404, 501],
  run: async (input, { realtime, caller }) => {
    caller.mayName(input.channel, 'channel')
    const { limit, after, before } = input
    return pageOf(await realtime.history(input.channel, given({ limit, after, before })))
  },
})

/** The page as it stands in a log: each entry with its position, and the loss that an epoch may have begun with. */
function pageOf({ items, start, end, more }: HistoryPage): object {
  let { epoch } = start
  let loss: 'none' | 'possible' | undefined
  const shown: object[] = []
  for (const one of items) {
    if (one.ev === 'fence') {
      epoch = one.epoch
      loss = one.loss
      continue
    }
    const { at, key, state, from } = one
    const said = one.bytes === undefined ? { data: one.data } : { bytes: base64url(one.bytes) }
    shown.push({ position: { epoch, offset: one.off, id: one.id }, at, ...said, ...given({ key, state, from, loss }) })
    loss = undefined
  }
  return { items: shown, start, end, more }
}

export const MESSAGES: readonly Operation[] = [publish, broadcast, history]
