// Messages for differential runs: seeded, of every kind that has ever broken an implementation.

import type { Random } from '@tautline/testkit'

export type Message = { readonly text: string } | { readonly bytes: Buffer }

const ALPHABETS = ['abc xyz', 'äöü€漢字', '😀🏴‍☠️e\u0301', '\u0000\u007f\u0080\u07ff\u0800\uffff']
const SIZES = [0, 1, 125, 126, 127, 128, 1023, 1024, 65535, 65536, 65537, 200_000]

export function randomMessage(random: Random): Message {
  const kind = random.below(6)
  const size = random.below(3) === 0 ? random.pick(SIZES) : random.below(4000)
  if (kind === 0) return { bytes: random.bytes(size) }
  if (kind === 1) return { bytes: Buffer.alloc(size, random.below(256)) }
  if (kind === 2) return { text: random.text(size) }
  if (kind === 3) return { text: `{"id":${random.below(1000)},"value":"${'again '.repeat(random.below(50))}"}` }
  const units = [...random.pick(ALPHABETS)]
  let text = ''
  for (let i = Math.min(size, 3000); i > 0; i--) text += random.pick(units)
  return { text }
}

export function randomMessages(random: Random, count: number): Message[] {
  return Array.from({ length: count }, () => randomMessage(random))
}

/** One comparable line for what was sent or came back. */
export function lineOf(data: string | Uint8Array, isBinary: boolean): string {
  return isBinary ? `b ${Buffer.from(data as Uint8Array).toString('base64')}` : `t ${JSON.stringify(data.toString())}`
}

export function lineFor(message: Message): string {
  return 'text' in message ? lineOf(message.text, false) : lineOf(message.bytes, true)
}
