// The part of the configuration that says how channels behave and who may do what with them: the options `channels`,
// `allow`, `origins`, `limits` and `admission` of createRealtime, as data.

import { z } from 'zod'
import { duration, expected, origin, whole } from './pieces.ts'

const MANY = 1_000_000
const GIB = 2 ** 30
const LONGEST = 2_147_483_647

const WHO = "'everyone', 'users', 'rights', 'token', 'nobody', { claims: … } or a list of them"

const claims = z.strictObject({
  claims: z
    .record(z.string(), z.json())
    .refine((named) => Object.keys(named).length > 0, expected("claims with their values, such as { role: 'admin' }"))
    .describe('Claims of the token and what they must be; a list: one of it.'),
})

const allowOne = z.union([z.enum(['everyone', 'users', 'rights', 'token']), claims], expected(WHO))

export const allow = z
  .union([z.enum(['everyone', 'users', 'rights', 'token', 'nobody']), claims, z.array(allowOne).min(1)], expected(WHO))
  .meta({
    id: 'Allow',
    description:
      "Who may: 'everyone', also clients that are nobody; 'users' with a user id; 'rights' given by their token; a 'token' for the channel; { claims } of their token; 'nobody'. Of a list, one is enough.",
  })

const allowByAction = z.union(
  [
    allow,
    z.strictObject({
      subscribe: allow.optional(),
      publish: allow.optional(),
      history: allow.optional(),
      presence: allow.optional(),
    }),
  ],
  expected(`${WHO}, or one of these for each of subscribe, publish, history, presence`),
)

const rule = z
  .strictObject({
    history: z
      .strictObject({
        size: whole(1, MANY).optional().describe('Entries. Default 100.'),
        ttl: duration.optional().describe("How long each is kept. Default '5m'."),
      })
      .optional()
      .describe('What is kept: for history, and for clients to resume.'),
    log: z
      .literal(false)
      .optional()
      .describe('false: nothing is stored, messages come at most once (typing, cursors).'),
    presence: z.boolean().optional().describe('true: the server knows who is there. Default false.'),
    joinLeave: z
      .boolean()
      .optional()
      .describe('true: subscribers may follow who comes and goes. Default: as presence.'),
    policy: z
      .union(
        [z.enum(['lossless', 'latest', 'disconnect']), z.strictObject({ drop: whole(1, MANY) })],
        expected("'lossless', 'latest', 'disconnect' or { drop: 100 }"),
      )
      .optional()
      .describe("What a slow subscriber gets. Default 'lossless'."),
    allow: allowByAction.optional().describe('Who may do what here. Default: the `allow` of the server.'),
    from: z
      .enum(['none', 'user', 'peer', 'both'])
      .optional()
      .describe("What publications show of their publisher. Default 'both'."),
    compress: z
      .boolean()
      .optional()
      .describe(
        'false: nothing here is compressed. true: publications together, also where some may publish who may not subscribe. Default: together only where whoever may publish may also subscribe.',
      ),
    recovery: z
      .strictObject({ entries: whole(1, MANY).optional(), bytes: whole(1, GIB).optional() })
      .optional()
      .describe('The most one resume replays. Default 10,000 entries, 8 MiB.'),
  })
  .meta({ id: 'Rule', description: 'How the channels of one pattern behave.' })

export const channels = z
  .record(z.string(), rule)
  .describe("Rules by channel pattern: 'chat:*' is one segment, 'news:**' one or more, '$user' the user's own id.")

export const origins = z.union(
  [z.literal('any'), z.array(origin)],
  expected("'any' or a list of origins such as ['https://app.example.com']"),
)

export const limits = z.strictObject({
  frame: whole(1_024, LONGEST).optional().describe('Bytes of a frame. Default 1 MiB.'),
  messages: whole(1, LONGEST).optional().describe('Messages in a frame. Default 1,024.'),
  body: whole(1, LONGEST).optional().describe('Bytes of a publication. Default 64 KiB.'),
  depth: whole(8, 120).optional().describe('Levels of nesting. Default 64.'),
  keys: whole(64, LONGEST).optional().describe('Keys of a message. Default 16,384.'),
  name: whole(1, 128).optional().describe('Bytes of a channel name. Default 128.'),
  channels: whole(1, LONGEST).optional().describe('Subscriptions of a connection. Default 1,000.'),
  inflight: whole(1, LONGEST).optional().describe('Commands of a connection not answered yet. Default 256.'),
  publishRate: whole(1, LONGEST).optional().describe('Publications of a connection per second. Default 1,000.'),
  rpc: whole(1, LONGEST).optional().describe('Calls of a connection not answered yet. Default 64.'),
  page: whole(1, LONGEST).optional().describe('Entries of a page of history. Default 500.'),
  members: whole(1, LONGEST).optional().describe('Members of a page of presence. Default 500.'),
  token: whole(1, LONGEST).optional().describe('Characters of a token. Default 8,192.'),
  wait: whole(1, LONGEST).optional().describe('The longest wait for a call, ms. Default a day.'),
})

/** An address or a network. */
const network = z
  .string()
  .regex(/^[0-9A-Fa-f.:]+(\/\d{1,3})?$/, expected("an address or a network such as '10.0.0.0/8'"))

export const admission = z.strictObject({
  connections: whole(1, LONGEST).optional().describe('Open connections of this node. Default 18,000.'),
  perUser: whole(1, LONGEST).optional().describe('Open connections of one user. Default 100.'),
  perAddress: whole(1, LONGEST).optional().describe('Open connections from one address. Default 1,000.'),
  acceptRate: whole(1, LONGEST).optional().describe('Handshakes a second. Default 2,000.'),
  addressRate: whole(1, LONGEST).optional().describe('Handshakes a second from one address. Default 100.'),
  failures: whole(1, LONGEST).optional().describe('Failed connects from one address in a minute. Default 100.'),
  messageRate: whole(1, LONGEST).optional().describe('Messages a second of one connection. Default 1,000.'),
  subscribeRate: whole(1, LONGEST).optional().describe('Subscribes a second of one connection. Default 100.'),
  byteRate: whole(1, LONGEST).optional().describe('Bytes a second read from one connection. Default 4 MiB.'),
  outboxBytes: whole(1, LONGEST).optional().describe('Bytes that wait for one connection. Default 4 MiB.'),
  outboxAge: whole(1, LONGEST).optional().describe('ms the oldest of them may wait. Default 30,000.'),
  messageTimeout: whole(1, LONGEST).optional().describe('ms until a message that was begun is whole. Default 30,000.'),
  handshakeTimeout: whole(1, LONGEST).optional().describe('ms until a handshake is whole. Default 10,000.'),
  memory: whole(1, Number.MAX_SAFE_INTEGER).optional().describe('Bytes of memory over which nobody new is let in.'),
  lag: whole(1, LONGEST).optional().describe('ms of event-loop lag over which nobody new is let in. Default 200.'),
  trustedProxies: z.array(network).optional().describe('Proxies that are believed who they speak for. Default none.'),
  forwardedHeader: z
    .enum(['x-forwarded-for', 'forwarded'])
    .optional()
    .describe("What they write. Default 'x-forwarded-for'."),
  proxyProtocol: z.array(network).optional().describe('Proxies that send a PROXY protocol header. Default none.'),
})
