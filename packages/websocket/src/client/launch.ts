// The turn between the 101 and the first message: whoever awaited `connect` sets its callbacks in it. Nothing that
// happens to the stream meanwhile is lost, and nothing is told before.

import type { Duplex } from 'node:stream'
import type { EngineSocket } from '../engine-socket.ts'

const NOTHING = new Uint8Array(0)

/**
 * Starts reading in the next turn of the loop.
 *
 * @param rest what came with the 101: frames already, perhaps (a server may send at once)
 */
export function launch(socket: EngineSocket, stream: Duplex, rest: Uint8Array): void {
  let error: Error | null = null
  const onError = (first: Error): void => {
    error ??= first
  }
  stream.pause()
  stream.on('error', onError)
  // Promise callbacks have run by then, however many of them stand between `connect` and who awaits it.
  setImmediate(() => {
    stream.off('error', onError)
    if (stream.closed) {
      if (error !== null) socket.onStreamError(error)
      socket.onStreamClose()
      return
    }
    socket.begin(stream.destroyed ? NOTHING : rest)
  })
}
