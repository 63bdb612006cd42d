// permessage-deflate: one message of JSON, compressed and decompressed, with the window of the messages before it and without.

import { Buffer } from 'node:buffer'
import { DeflateCodec, type DeflateParameters } from '@tautline/protocol'
import { nodePlatform } from '@tautline/websocket'
import { keep, type Row, type Table } from './table.ts'
import { WsDeflate } from './ws-parts.ts'

const sizes = [125, 1024, 16_384]
const MOST = 1024 * 1024

function parameters(takeover: boolean): DeflateParameters {
  return {
    serverNoContextTakeover: !takeover,
    clientNoContextTakeover: !takeover,
    serverMaxWindowBits: 15,
    clientMaxWindowBits: 15,
  }
}

/** JSON of so many bytes, as a ticker would send it. */
function json(size: number): Buffer {
  const quotes = Array.from({ length: 400 }, (_, id) => ({ id, symbol: `SYM${id % 50}`, price: (id * 7919) % 1000 }))
  return Buffer.from(JSON.stringify(quotes)).subarray(0, size)
}

function compress(name: string, takeover: boolean): Row {
  return {
    name,
    at: (size) => {
      const codec = new DeflateCodec(nodePlatform, parameters(takeover), 'server')
      const message = json(size)
      return () => keep(codec.deflate(message, true))
    },
  }
}

function decompress(name: string, takeover: boolean): Row {
  return {
    name,
    at: (size) => {
      const message = json(size)
      const peer = new DeflateCodec(nodePlatform, parameters(takeover), 'client')
      const codec = new DeflateCodec(nodePlatform, parameters(takeover), 'server')
      // The second message refers to the first, and each further one of the same text would to the one before it.
      const first = peer.deflate(message, true)
      const payload = peer.deflate(message, true)
      for (const one of [first, payload]) {
        const plain = codec.inflate(one, 0, one.length, MOST)
        if (typeof plain === 'string' || !message.equals(plain)) throw new Error(`inflate: ${plain}`)
      }
      return () => keep(codec.inflate(payload, 0, payload.length, MOST))
    },
  }
}

/** `ws` with the same parameters; one message is under way at a time, as on a connection. */
function ofWs(name: string, takeover: boolean, inflating: boolean): Row {
  return {
    name,
    at: (size) => {
      const made = (isServer: boolean): WsDeflate => {
        const both = { serverNoContextTakeover: !takeover, clientNoContextTakeover: !takeover }
        const extension = new WsDeflate({ isServer, threshold: 0, maxPayload: MOST, ...both })
        const offer = takeover ? {} : { server_no_context_takeover: [true], client_no_context_takeover: [true] }
        extension.accept([offer])
        return extension
      }
      const message = json(size)
      const server = made(true)
      if (!inflating)
        return () => new Promise((resolve) => server.compress(message, true, (_error, result) => resolve(result)))
      const codec = new DeflateCodec(nodePlatform, parameters(false), 'client')
      const payload = Buffer.from(codec.deflate(message, true))
      return () => new Promise((resolve) => server.decompress(payload, true, (_error, result) => resolve(result)))
    },
  }
}

export const deflatings: readonly Table[] = [
  {
    name: 'deflate',
    about:
      'One message of JSON is compressed, at zlib level 6. Ours is synchronous, the window a dictionary; `ws` waits for a thread, one message at a time.',
    sizes,
    rows: [
      compress('ours, no window', false),
      compress('ours, with the window', true),
      ofWs('ws, no window', false, false),
      ofWs('ws, with the window', true, false),
    ],
  },
  {
    name: 'inflate',
    about: 'The same messages are decompressed.',
    sizes,
    rows: [
      decompress('ours, no window', false),
      decompress('ours, with the window', true),
      ofWs('ws, no window', false, true),
    ],
  },
]
