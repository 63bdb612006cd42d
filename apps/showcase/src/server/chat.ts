// The chat as rules of the realtime server: who somebody is, who may do what, what may be said, and how fast. The server
// itself does all the rest: order, history, presence, resume. It never believes a client.
import { createHash } from 'node:crypto'
import type { Broker } from '@tautline/broker'
import { type ChannelRule, createRealtime, type Realtime, type RealtimeOptions, type Who } from '@tautline/server'
import { type Json, RealtimeError } from '@tautline/wire'
import {
  CREATE_ROOM,
  checkCredentials,
  checkNamed,
  checkSaid,
  checkTitled,
  hereChannel,
  LIMITS,
  PEOPLE,
  ROOMS,
  roomChannel,
} from '../shared/messages.ts'
import { Rooms } from './rooms.ts'
import { Buckets } from './token-bucket.ts'

const CHANNELS: Readonly<Record<string, ChannelRule>> = {
  [ROOMS]: { history: { size: LIMITS.rooms, ttl: '3650d' }, allow: { publish: 'nobody' }, from: 'none' },
  [PEOPLE]: { history: { size: 1_000, ttl: '365d' }, from: 'user' },
  [roomChannel('*')]: { history: { size: 10_000, ttl: '90d' }, from: 'user' },
  // Who is here, and who is writing: nothing that anybody would want to read tomorrow.
  [hereChannel('*')]: { log: false, presence: true, joinLeave: true, from: 'user' },
}

/** Milliseconds for which a message that was sent but not answered may be sent again without being stored twice. */
const WINDOW = 3_600_000
/** What one person may do at once and per second, in all tabs together. A message costs 1. */
const BURST = 20
const PER_SECOND = 5
const COST = { said: 1, hint: 0.25, name: 2, room: 5 } as const

export interface ChatOptions extends Pick<RealtimeOptions, 'origins' | 'log'> {
  readonly broker: Broker
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** The realtime server with the chat's rules; its rooms are there when this resolves. */
export async function createChat(options: ChatOptions): Promise<Realtime> {
  const { now, ...rest } = options
  const limits = { body: LIMITS.body }
  const realtime = createRealtime({
    ...rest,
    path: '/realtime',
    channels: CHANNELS,
    allow: 'users',
    window: WINDOW,
    limits,
  })
  const rooms = new Rooms(realtime)
  const buckets = new Buckets(BURST, PER_SECOND)

  const spend = (who: Pick<Who, 'user' | 'peer'>, cost: number): void => {
    const after = buckets.take(who.user ?? who.peer, cost, now())
    if (after > 0) throw new RealtimeError('rate', 'Too much at once.', { after })
  }

  realtime.onConnect(({ token }) => {
    const { key, name } = readable(checkCredentials(token), 'unauthorized')
    return { user: userOf(key), info: { name } }
  })

  realtime.authorize((_who, _action, channel) => {
    const room = /^(?:room|here):(.*)$/.exec(channel)?.[1]
    // A channel that no rule names is refused before anybody asks us.
    return room === undefined || rooms.has(room)
  })

  realtime.onPublish((who, channel, data): Json => {
    if (channel === PEOPLE) {
      spend(who, COST.name)
      return readable(checkNamed(data), 'bad-data')
    }
    if (channel.startsWith(hereChannel(''))) {
      spend(who, COST.hint)
      return {}
    }
    const said = readable(checkSaid(data), 'bad-data')
    spend(who, COST.said)
    return said
  })

  realtime.rpc(CREATE_ROOM, async (data, { user, peer }) => {
    const { title } = readable(checkTitled(data), 'bad-data')
    spend({ user, peer }, COST.room)
    return await rooms.create(title)
  })

  await rooms.load()
  return realtime
}

/** Everybody may see a person's id and nobody can guess the key behind it. It stays the same after a restart. */
export function userOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, 12)
}

function readable<T extends object>(checked: T | string, code: 'unauthorized' | 'bad-data'): T {
  if (typeof checked === 'string') throw new RealtimeError(code, checked)
  return checked
}
