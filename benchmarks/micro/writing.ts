// From messages to the bytes that a socket is given.

import { Buffer } from 'node:buffer'
import {
  ByteBudget,
  Connection,
  type ConnectionHandler,
  Endpoint,
  FIN,
  FrameWriter,
  Opcode,
  Slab,
} from '@tautline/protocol'
import { nodePlatform, prepare } from '@tautline/websocket'
import { keep, type Row, type Table } from './table.ts'
import { type Carrier, WsSender } from './ws-parts.ts'

const sizes = [16, 125, 1024, 16_384]
const CONNECTIONS = 1_000

const carrier: Carrier = { cork() {}, uncork() {}, write: keep }

function sender(name: string, mask: boolean, payload: (size: number) => Buffer | string): Row {
  return {
    name,
    at: (size) => {
      const sender = new WsSender(carrier, {})
      const data = payload(size)
      const options = { binary: typeof data !== 'string', fin: true, mask, compress: false }
      return () => sender.send(data, options)
    },
  }
}

function ofBytes(name: string, masked: boolean): Row {
  return {
    name,
    at: (size) => {
      const writer = new FrameWriter(nodePlatform, new Slab(nodePlatform), masked)
      const bytes = Buffer.alloc(size, 'a')
      return () => {
        writer.bytes(FIN | Opcode.binary, bytes, 0, size)
        keep(writer.take())
      }
    },
  }
}

function ofText(name: string, masked: boolean, character: string): Row {
  return {
    name,
    at: (size) => {
      const writer = new FrameWriter(nodePlatform, new Slab(nodePlatform), masked)
      const text = character.repeat(size / Buffer.byteLength(character))
      return () => {
        writer.text(FIN | Opcode.text, text)
        keep(writer.take())
      }
    },
  }
}

const WS = '`Sender` of ws'

const bytes: Table = {
  name: 'writing bytes',
  about:
    'A server frames one binary message and hands it over. Up to 32 KiB we copy the payload behind its header, into memory that the engine uses again once the kernel has it; here nobody gives it back, so all of it is new. `ws` gives header and payload apart.',
  sizes,
  rows: [ofBytes('our writer', false), sender(WS, false, (size) => Buffer.alloc(size, 'a'))],
}

const texts: Table = {
  name: 'writing text',
  about: 'A server frames one text message. `ws` leaves the encoding to the socket, so it has no row here.',
  sizes,
  rows: [
    ofText('our writer, ASCII', false, 'a'),
    ofText('our writer, two bytes a character', false, 'é'),
    {
      name: '`Buffer.from(text)`, ASCII, no frame',
      at: (size) => {
        const text = 'a'.repeat(size)
        return () => keep(Buffer.from(text))
      },
    },
  ],
}

const client: Table = {
  name: 'writing as a client',
  about: 'A client frames one message under a fresh random key (RFC 6455 §5.3).',
  sizes,
  rows: [
    ofBytes('our writer, bytes', true),
    sender(`${WS}, bytes`, true, (size) => Buffer.alloc(size, 'a')),
    ofText('our writer, text', true, 'a'),
    sender(`${WS}, text`, true, (size) => 'a'.repeat(size)),
  ],
}

const deaf: ConnectionHandler = {
  onText() {},
  onBinary() {},
  onPart() {},
  onPing() {},
  onPong() {},
  onClose() {},
  onViolation() {},
}

function connections(): readonly Connection[] {
  const limits = {
    maxPayload: 65_536,
    maxFragments: 16,
    validateUtf8: true,
    parts: false,
    budget: new ByteBudget(65_536),
  }
  const endpoint = new Endpoint({ role: 'server', limits, platform: nodePlatform, slab: new Slab(nodePlatform) })
  return Array.from({ length: CONNECTIONS }, () => new Connection(endpoint, deaf))
}

const broadcasts: Table = {
  name: `one message to ${CONNECTIONS.toLocaleString('en')} connections`,
  about: 'Each connection is given the message, and what it has to write is taken. Nothing is written.',
  sizes: [125, 1024, 16_384],
  count: CONNECTIONS,
  rows: [
    {
      name: 'prepared once (`prepare`), sent to all',
      at: (size) => {
        const data = Buffer.alloc(size, 'a')
        const all = connections()
        return () => {
          const { frame } = prepare(data)
          for (const connection of all) {
            connection.sendPrepared(frame)
            keep(connection.take())
          }
        }
      },
    },
    {
      name: 'framed for each',
      at: (size) => {
        const data = Buffer.alloc(size, 'a')
        const all = connections()
        return () => {
          for (const connection of all) {
            connection.sendBytes(Opcode.binary, data, 0, size, false)
            keep(connection.take())
          }
        }
      },
    },
    {
      name: `${WS}, for each`,
      at: (size) => {
        const data = Buffer.alloc(size, 'a')
        const all = Array.from({ length: CONNECTIONS }, () => new WsSender(carrier, {}))
        const options = { binary: true, fin: true, mask: false, compress: false }
        return () => {
          for (const one of all) one.send(data, options)
        }
      },
    },
  ],
}

export const writings: readonly Table[] = [bytes, texts, client, broadcasts]
