// `createWebSocketStream` of ws: a WebSocket as a Duplex, with backpressure both ways.

import { Duplex, type DuplexOptions } from 'node:stream'
import type { WebSocket } from './websocket.ts'

/**
 * Wraps a WebSocket. Each message is a chunk; ending the stream closes the WebSocket, destroying it cuts it.
 *
 * @param options of the Duplex; `readableObjectMode` keeps messages apart and gives text as strings
 */
export function createWebSocketStream(websocket: WebSocket, options?: DuplexOptions): Duplex {
  const duplex = new WebSocketDuplex(websocket, options)
  duplex.connect()
  return duplex
}

class WebSocketDuplex extends Duplex {
  readonly #websocket: WebSocket
  #cutOnDestroy: boolean

  constructor(websocket: WebSocket, options: DuplexOptions | undefined) {
    super({ ...options, autoDestroy: false, emitClose: false, objectMode: false, writableObjectMode: false })
    this.#websocket = websocket
    this.#cutOnDestroy = true
  }

  connect(): void {
    const websocket = this.#websocket
    websocket.on('message', (data, isBinary) => {
      const chunk = !isBinary && this.readableObjectMode ? data.toString() : data
      if (!this.push(chunk)) websocket.pause()
    })
    websocket.once('error', (error) => {
      if (this.destroyed) return
      // The connection is closing by itself, with a Close frame that says why: cutting it would lose that.
      this.#cutOnDestroy = false
      this.destroy(error)
    })
    websocket.once('close', () => {
      if (!this.destroyed) this.push(null)
    })
    this.on('end', onEnd)
    this.on('error', onError)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const websocket = this.#websocket
    if (websocket.readyState === websocket.CLOSED) {
      callback(error)
      process.nextTick(() => this.emit('close'))
      return
    }
    let called = false
    websocket.once('error', (failure) => {
      called = true
      callback(failure)
    })
    websocket.once('close', () => {
      if (!called) callback(error)
      process.nextTick(() => this.emit('close'))
    })
    if (this.#cutOnDestroy) websocket.terminate()
  }

  override _final(callback: (error?: Error | null) => void): void {
    const websocket = this.#websocket
    if (websocket.readyState === websocket.CONNECTING) {
      websocket.once('open', () => this._final(callback))
      return
    }
    const { _socket: socket } = websocket
    // The handshake failed: the `error` event that is coming destroys this stream.
    if (socket === null) return
    if (socket.writableFinished) {
      callback()
      if (this.readableEnded) this.destroy()
      return
    }
    // Not destroyed here: `end` follows when the WebSocket is closed. It may close without having finished.
    let called = false
    const finish = (): void => {
      if (called) return
      called = true
      callback()
    }
    socket.once('finish', finish)
    websocket.once('close', finish)
    websocket.close()
  }

  override _read(): void {
    if (this.#websocket.isPaused) this.#websocket.resume()
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const websocket = this.#websocket
    if (websocket.readyState === websocket.CONNECTING) {
      websocket.once('open', () => this._write(chunk, encoding, callback))
      return
    }
    websocket.send(chunk, callback)
  }
}

function onEnd(this: Duplex): void {
  if (!this.destroyed && this.writableFinished) this.destroy()
}

function onError(this: Duplex, error: Error): void {
  this.removeListener('error', onError)
  this.destroy()
  // An error that nobody listens for must be thrown.
  if (this.listenerCount('error') === 0) this.emit('error', error)
}
