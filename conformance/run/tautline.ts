/**
 * Our own engine as a server and a client to be examined.
 */
import {
  connect,
  createServer,
  type Server,
  type ServerOptions,
  type Socket,
  type SocketOptions,
} from '@tautline/websocket'
import { MAX_PAYLOAD } from '../cases/frames.ts'
import type { ClientTarget } from './client.ts'
import { CloseLog } from './close-log.ts'
import type { Agreed } from './compression.ts'
import type { ServerTarget } from './server.ts'

/** Small echoes are compressed too, so that the reader's side of compression is always met. */
const COMPRESS_ALL: SocketOptions = { compressionThreshold: 0 }

/** Sends every message back, as what it came. */
export function echo(socket: Socket): void {
  socket.onmessage = (data, isBinary) => {
    socket.send(data, { binary: isBinary })
  }
}

/** An echo server of ours, with what the catalogue assumes unless `options` say otherwise. */
export async function tautlineServer(options: ServerOptions = {}): Promise<ServerTarget> {
  const log = new CloseLog()
  const server: Server = createServer(
    { port: 0, host: '127.0.0.1', compression: true, maxPayload: MAX_PAYLOAD, ...COMPRESS_ALL, ...options },
    (socket) => {
      const closed = log.opened(socket.remotePort ?? 0)
      echo(socket)
      socket.onclose = (code) => closed(code)
    },
  )
  await server.listening
  return {
    host: '127.0.0.1',
    port: server.address()?.port ?? 0,
    closed: (port) => log.code(port),
    stop: async () => {
      for (const socket of server.sockets) socket.terminate()
      await server.close()
    },
  }
}

/**
 * An echo server that asks for these parameters of permessage-deflate. Its maxPayload is 2 MiB: what does not compress
 * grows by its block headers, and the engine holds the compressed bytes of a message to the limit too.
 */
export function startPreferring(prefer: Agreed): Promise<ServerTarget> {
  return tautlineServer({
    maxPayload: 2 * MAX_PAYLOAD,
    compression: {
      serverNoContextTakeover: prefer.serverNoTakeover,
      clientNoContextTakeover: prefer.clientNoTakeover,
      serverMaxWindowBits: prefer.serverBits,
      clientMaxWindowBits: prefer.clientBits,
    },
  })
}

/** Our client. */
export const tautlineClient: ClientTarget = {
  open(url, options, events) {
    const abort = new AbortController()
    let open: Socket | null = null
    connect(url, {
      subprotocols: options.subprotocols,
      compression: options.deflate,
      maxPayload: options.maxPayload,
      ...(options.maxFragments === undefined ? {} : { maxFragments: options.maxFragments }),
      handshakeTimeout: options.handshakeTimeout,
      signal: abort.signal,
      ...COMPRESS_ALL,
    }).then(
      (socket) => {
        open = socket
        echo(socket)
        socket.onerror = (error) => events.onError(error)
        socket.onclose = (code) => events.onClose(code)
        events.onOpen()
      },
      (error: Error) => {
        events.onError(error)
        events.onClose(1006)
      },
    )
    return () => {
      abort.abort()
      open?.terminate()
    }
  },
}
