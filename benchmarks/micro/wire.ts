// The codecs of tautline.v1: a publication as subscribers get it, a command as clients send it.

import { Buffer } from 'node:buffer'
import {
  type Codec,
  type Encoded,
  frameLimits,
  jsonCodec,
  LIMITS,
  readCommand,
  SERVER_FRAME_LIMITS,
  type StoredPublication,
  storeBody,
} from '@tautline/wire'
import { msgpackCodec } from '@tautline/wire/msgpack'
import { keep, type Row, type Table } from './table.ts'

/** Bodies of so many bytes of JSON. */
const sizes = [32, 256, 4096]
const CHANNEL = 'room:42'

/** A chat message whose JSON has so many bytes. */
function body(size: number): { readonly text: string; readonly n: number } {
  const rest = JSON.stringify({ text: '', n: 12_345 }).length
  return { text: 'x'.repeat(size - rest), n: 12_345 }
}

function stored(size: number): StoredPublication {
  const at = 1_790_000_000_000
  return {
    off: 12_345,
    id: 'q83vEjRWeJCrze8SNFZ4kA',
    at,
    from: { user: 'ann' },
    body: storeBody({ data: body(size) }, LIMITS),
  }
}

function command(size: number): object {
  const since = 1_790_000_000_000
  return { id: 17, op: 'publish', ch: CHANNEL, key: 'q83vEjRWeJCrze8SNFZ4kA', since, lane: 1, data: body(size) }
}

function encode(codec: Codec): Row {
  return {
    name: codec.name,
    at: (size) => {
      const publication = stored(size)
      return () => keep(bytesOf(codec.publication(CHANNEL, publication)))
    },
  }
}

/** A text that was put together is a chain of pieces: what it costs shows when it becomes bytes. */
function bytesOf(encoded: Encoded): Uint8Array {
  return typeof encoded === 'string' ? Buffer.from(encoded) : encoded
}

function decode(codec: Codec): Row {
  return {
    name: `${codec.name}: decode, read, check`,
    at: (size) => {
      const frame = codec.encode(command(size))
      const limits = frameLimits(LIMITS)
      return () => {
        const [decoded] = codec.decode(frame, limits)
        if (decoded !== undefined) keep(readCommand(decoded, LIMITS))
      }
    },
  }
}

function decodePublication(codec: Codec): Row {
  return {
    name: codec.name,
    at: (size) => {
      const frame = codec.publication(CHANNEL, stored(size))
      return () => keep(codec.decode(frame, SERVER_FRAME_LIMITS))
    },
  }
}

export const wires: readonly Table[] = [
  {
    name: 'encoding a publication',
    about:
      'From its stored form to bytes, once for all subscribers. JSON splices the stored text of the body, which nobody parses again; MessagePack has to.',
    sizes,
    rows: [
      encode(jsonCodec),
      encode(msgpackCodec),
      {
        name: '`JSON.stringify` of the whole, for comparison',
        at: (size) => {
          const { body: _, ...fields } = stored(size)
          const message = { ev: 'pub', ch: CHANNEL, ...fields, data: body(size) }
          return () => keep(Buffer.from(JSON.stringify(message)))
        },
      },
    ],
  },
  {
    name: 'decoding a publish command',
    about: 'What a client sent becomes a command: limits on depth, keys and numbers first, then the fields.',
    sizes,
    rows: [
      decode(jsonCodec),
      decode(msgpackCodec),
      {
        name: '`JSON.parse` alone, for comparison',
        at: (size) => {
          const text = JSON.stringify(command(size))
          return () => keep(JSON.parse(text))
        },
      },
    ],
  },
  {
    name: 'decoding a publication',
    about: 'In a client.',
    sizes,
    rows: [decodePublication(jsonCodec), decodePublication(msgpackCodec)],
  },
]
