// Plays one case of section J once, its bytes delivered in one way, and judges what came of it.

import type { Codec, Failure } from '@tautline/wire'
import type { Variant } from '../run/variants.ts'
import { type AppCase, type Heard, idsOf, type Wire } from './case.ts'
import { Speaker } from './speaker.ts'
import { complaintsAboutLog, type World } from './world.ts'

/** Its reply shows that all before it was dealt with, as far as it is dealt with in order. */
const SENTINEL = 1_000_000_000
const DEADLINE = 10_000

let runs = 0

export interface Result {
  /** What is wrong; null: nothing. */
  readonly problem: string | null
  /** ms of this process between the first byte of the input and the last of the answers: the peer's writing included. */
  readonly cpu: number
}

export async function runCase(world: World, one: AppCase, codec: Codec, variant: Variant): Promise<Result> {
  const wire: Wire = {
    codec,
    world,
    unique: `r${(++runs).toString(36)}`,
    say: (...commands) => codec.join(commands.map((command) => codec.encode(command))),
  }
  const payloads = await one.input(wire)
  const speaker = await Speaker.open({ port: world.port, codec })
  try {
    if (one.greets !== false) await speaker.greet()
    const chunks = variant.split(speaker.framed([...payloads, wire.say({ id: SENTINEL, op: 'ping' })]))
    const before = process.cpuUsage()
    await converse(speaker, one, chunks)
    const { user, system } = process.cpuUsage(before)
    return { problem: await judge(speaker, one, wire), cpu: (user + system) / 1_000 }
  } finally {
    await speaker.peer.destroy()
  }
}

async function converse(speaker: Speaker, one: AppCase, chunks: readonly Uint8Array[]): Promise<void> {
  const ids = idsOf(one)
  // To its end, whatever comes meanwhile: a Close in the middle of a frame would be none.
  await speaker.peer.writeSplit(chunks)
  const answered = (): boolean => speaker.replies.has(SENTINEL) && ids.every((id) => speaker.replies.has(id))
  await speaker.until(() => speaker.over || answered(), DEADLINE)
}

async function judge(speaker: Speaker, one: AppCase, wire: Wire): Promise<string | null> {
  const seen = outcomeOf(speaker, one.greets !== false)
  const { required } = one
  if (required !== undefined && !(typeof required === 'string' ? [required] : required).includes(seen)) {
    return `required ${String(required)}, seen ${seen}`
  }
  const complaint = (await one.demand?.(speaker, wire)) ?? null
  if (complaint !== null) return complaint
  if (!speaker.over && !speaker.replies.has(SENTINEL)) return 'a ping behind it was not answered'
  const end = speaker.over ? await speaker.ended() : await speaker.goodbye()
  if (end !== null) return end
  const wrong = [...speaker.faults, ...complaintsAboutLog(wire.world.logged)]
  wire.world.logged.length = 0
  return wrong.length === 0 ? null : wrong.join('; ')
}

/** Replies by id, then the close. What the run itself asked for is left out. */
function outcomeOf(heard: Heard, greeted: boolean): string {
  const tokens = [...heard.replies]
    .filter(([id]) => id !== SENTINEL && !(greeted && id === 1))
    .sort(([a], [b]) => a - b)
    .map(([id, { error }]) => `${id}:${error === undefined ? 'ok' : failureText(error)}`)
  if (heard.closeCode !== null) tokens.push(`CLOSE:${heard.closeCode}`)
  return tokens.join(' ')
}

function failureText({ code, field }: Failure): string {
  return field === undefined ? code : `${code}(${field})`
}

/** A new connection says `connect` and is answered; how many ms that took. @throws Error */
export async function probe(world: World, codec: Codec): Promise<number> {
  const start = performance.now()
  const speaker = await Speaker.open({ port: world.port, codec })
  try {
    await speaker.greet()
    if (speaker.replies.get(1)?.ok === undefined) throw new Error('a new connection was not served')
    return performance.now() - start
  } finally {
    await speaker.peer.destroy()
  }
}
