// Users, wherever they are connected: who is there, what they hear, and what ends.

import type { RevokeTarget } from '@tautline/server'
import { z } from 'zod'
import { bodyOf, given, type Operation, operation, payloadOf } from '../operation.ts'
import { Refusal } from '../refusal.ts'
import { about, answer, bytes, channel, data, done, EITHER, limit, member, next, request, user } from '../shapes.ts'

const TAG = 'Users'
const everywhere = { tag: TAG, method: 'POST', output: done, repeatable: () => true, keyed: false } as const

const presence = operation({
  name: 'presence',
  method: 'GET',
  scope: 'presence',
  tag: TAG,
  summary: 'Who is in a channel',
  description: 'Everybody in a channel whose rule has presence, on all nodes, in pages.',
  input: request({ channel, limit: limit(500), after: next() }, {}),
  example: { channel: 'chat:42', limit: 100 },
  output: answer(
    {
      members: z.array(member),
      count: about(z.int(), { description: 'Of the whole channel.' }),
      next: about(z.string().optional(), { description: 'Where the next page begins; absent on the last one.' }),
    },
    { id: 'Presence' },
  ),
  repeatable: () => true,
  keyed: false,
  refusals: [501],
  run: async (input, { realtime, caller }) => {
    caller.mayName(input.channel, 'channel')
    const { limit = 100, after } = input
    const { members, count, next } = await realtime.membersOf(input.channel, given({ limit, after }))
    return { members, count, ...given({ next }) }
  },
})

const subscribe = operation({
  ...everywhere,
  name: 'subscribe',
  scope: 'subscribe',
  summary: 'Subscribe a user to a channel',
  description:
    'Every connection of the user, as it is now, on every node. No right of the user is asked. For connections to come, say so when they connect.',
  input: request({ user, channel }, { id: 'Subscribe' }),
  example: { user: 'ann', channel: 'chat:42' },
  refusals: [],
  run: async (input, { realtime, caller }) => {
    caller.mayName(input.channel, 'channel')
    await realtime.subscribe(input.user, input.channel)
    return {}
  },
})

const unsubscribe = operation({
  ...everywhere,
  name: 'unsubscribe',
  scope: 'subscribe',
  summary: 'End subscriptions of a user',
  description: 'Every connection of the user leaves the channel. It may subscribe again, if it is allowed to.',
  input: request({ user, channel }, { id: 'Unsubscribe' }),
  example: { user: 'ann', channel: 'chat:42' },
  refusals: [],
  run: async (input, { realtime, caller }) => {
    caller.mayName(input.channel, 'channel')
    await realtime.unsubscribe(input.user, input.channel)
    return {}
  },
})

const disconnect = operation({
  ...everywhere,
  name: 'disconnect',
  scope: 'disconnect',
  summary: 'End the connections of a user',
  description:
    'On every node, with a code that tells the clients what to do. The default sends them away; a user whose token is still good may come back all the same: revoke ends that too.',
  input: request(
    {
      user,
      code: about(z.int().min(4_000).max(4_499).optional(), {
        description:
          '40xx: come back later; 41xx: come back at once; 42xx: with a new token; 43xx, 44xx: stay away. Default 4401.',
        examples: [4401],
      }),
      reason: about(
        z
          .string()
          .max(1_024)
          .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
          .optional(),
        {
          description: 'For people to read.',
          examples: ['signed out'],
        },
      ),
    },
    { id: 'Disconnect' },
  ),
  example: { user: 'ann', code: 4401, reason: 'signed out' },
  refusals: [],
  run: async ({ user, code, reason }, { realtime }) => {
    await realtime.disconnect(user, code, reason)
    return {}
  },
})

const message = operation({
  ...everywhere,
  name: 'message',
  scope: 'message',
  summary: 'Send a message to a user',
  description:
    'To every connection of the user, on every node, at most once and in no channel. Nobody there: nothing happens. What must not be lost is published to a channel of the user.',
  input: request({ user, data, bytes }, { id: 'Message', ...EITHER }),
  example: { user: 'ann', data: { text: 'for you alone' } },
  repeatable: () => false,
  refusals: [413],
  run: async (input, { realtime }) => {
    await realtime.send(input.user, payloadOf(bodyOf(input)))
    return {}
  },
})

const revoke = operation({
  ...everywhere,
  name: 'revoke',
  scope: 'revoke',
  summary: 'Revoke a user, a token or a connection',
  description:
    'Ends what was let in by it, on every node within a second, and keeps it out: a user with whatever was issued before now, a token by its id (jti), a connection by its name.',
  input: request(
    {
      user: user.optional(),
      token: about(z.string().min(1).max(256).optional(), {
        description: 'The id of a token, never the token itself.',
      }),
      connection: about(z.string().min(1).max(256).optional(), {
        description: 'A connection, as connections shows it.',
      }),
      until: about(z.int().min(0).optional(), {
        description:
          'ms since 1970 until which it is remembered: when the tokens in question have expired anyway. Default in 30 days.',
      }),
    },
    {
      id: 'Revoke',
      oneOf: [{ required: ['user'] }, { required: ['token'] }, { required: ['connection'] }],
    },
  ),
  example: { user: 'ann' },
  refusals: [],
  run: async ({ user, token, connection, until }, { realtime }) => {
    const target = given({ user, token, connection })
    if (Object.keys(target).length !== 1) {
      throw new Refusal('bad-request', 'send one of user, token and connection', { field: 'user' })
    }
    await realtime.revoke(target as RevokeTarget, given({ until }))
    return {}
  },
})

export const PEOPLE: readonly Operation[] = [presence, subscribe, unsubscribe, message, disconnect, revoke]
