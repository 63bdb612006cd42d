// From the bytes of a read to messages: our parser alone, our connection with everything a message goes through, and the
// Receiver of `ws`, which does the same as the latter.

import { Buffer } from 'node:buffer'
import {
  ByteBudget,
  Connection,
  type ConnectionHandler,
  Endpoint,
  FrameParser,
  type FrameSink,
  Slab,
} from '@tautline/protocol'
import { buildFrame } from '@tautline/testkit'
import { nodePlatform } from '@tautline/websocket'
import { keep, type Row, type Table } from './table.ts'
import { WsReceiver } from './ws-parts.ts'

const IN_A_CHUNK = 32
const MiB = 1024 * 1024
// Unmasking twice gives the same again, and text that this key has gone over is ASCII both times.
const KEY = Uint8Array.of(1, 2, 3, 4)

/** A sink that takes everything: the parser alone. */
const sink: FrameSink = {
  onStart: () => true,
  onLength: () => true,
  onFrame: () => true,
  onPiece: () => true,
  onViolation: (violation) => {
    throw new Error(violation.text)
  },
}

/** An application that looks at each message and does nothing. */
const handler: ConnectionHandler = {
  onText: (bytes, start, end) => keep(bytes.subarray(start, end)),
  onBinary: (bytes, start, end) => keep(bytes.subarray(start, end)),
  onPart: () => {},
  onPing: () => {},
  onPong: () => {},
  onClose: () => {},
  onViolation: sink.onViolation,
}

function chunkOf(size: number, opcode: 1 | 2, count: number): Buffer {
  const frame = buildFrame({ opcode, payload: Buffer.alloc(size, 'a'), mask: KEY })
  return Buffer.concat(Array.from({ length: count }, () => frame))
}

function parser(opcode: 1 | 2, count: number): Row {
  return {
    name: 'the parser alone',
    at: (size) => {
      const chunk = chunkOf(size, opcode, count)
      const parser = new FrameParser(sink, true, nodePlatform.xorMask)
      return () => parser.push(chunk, 0, chunk.length)
    },
  }
}

function connection(opcode: 1 | 2, count: number): Row {
  return {
    name: 'our connection: parse, unmask, UTF-8, deliver',
    at: (size) => {
      const chunk = chunkOf(size, opcode, count)
      const limits = { maxPayload: 16 * MiB, maxFragments: 1024, validateUtf8: true, parts: false }
      const shared = { limits: { ...limits, budget: new ByteBudget(MiB) }, platform: nodePlatform }
      const endpoint = new Endpoint({ ...shared, role: 'server', slab: new Slab(nodePlatform) })
      const connection = new Connection(endpoint, handler, null)
      return () => connection.receive(chunk)
    },
  }
}

function receiver(opcode: 1 | 2, count: number): Row {
  return {
    name: '`Receiver` of ws, with bufferutil',
    at: (size) => {
      const chunk = chunkOf(size, opcode, count)
      const receiver = new WsReceiver({ isServer: true, maxPayload: 16 * MiB, allowSynchronousEvents: true })
      receiver.on('message', keep)
      return () => receiver.write(chunk)
    },
  }
}

function reading(name: string, opcode: 1 | 2, count: number): Table {
  const kind = opcode === 1 ? 'text' : 'binary'
  const many = count === 1 ? 'one masked frame' : `${count} masked frames`
  return {
    name,
    about: `A chunk holds ${many}, each a ${kind} message that lies whole in it. Text stays bytes, as in \`ws\`.`,
    sizes: [16, 125, 1024, 16_384],
    count,
    rows: [parser(opcode, count), connection(opcode, count), receiver(opcode, count)],
  }
}

export const readings: readonly Table[] = [
  reading('reading one text', 1, 1),
  reading('reading one binary message', 2, 1),
  reading(`reading ${IN_A_CHUNK} texts`, 1, IN_A_CHUNK),
]
