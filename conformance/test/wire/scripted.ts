// A server that plays a script: what it hears is looked at line by line, what it says is written down. It knows nothing of
// tautline.v1 but its framing, so that a client meets whatever the script wants.

import { createServer, type Server, type Socket } from '@tautline/websocket'

/** What a client said. */
export type Heard = { readonly id: number; readonly op: string } & Readonly<Record<string, unknown>>

/** One connection of the client under test. */
export class Peer {
  readonly #socket: Socket
  readonly #heard: Heard[]
  #waiting: ((heard: Heard) => void) | null

  constructor(socket: Socket) {
    this.#socket = socket
    this.#heard = []
    this.#waiting = null
    socket.onmessage = (frame) => {
      for (const line of String(frame).split('\n')) {
        const heard: Heard = JSON.parse(line)
        if (this.#waiting === null) this.#heard.push(heard)
        else this.#waiting(heard)
        this.#waiting = null
      }
    }
  }

  /** The next command; the script fails if it is another. */
  async expect(op: string): Promise<Heard> {
    const heard =
      this.#heard.shift() ??
      (await new Promise<Heard>((resolve) => {
        this.#waiting = resolve
      }))
    if (heard.op !== op) throw new Error(`${op} was expected, and came: ${JSON.stringify(heard)}`)
    return heard
  }

  /** Says messages, all in one frame. */
  say(...messages: readonly object[]): void {
    this.#socket.send(messages.map((message) => JSON.stringify(message)).join('\n'))
  }

  /** Answers `connect` as a server without a token would. */
  async greet(more: object = {}): Promise<Heard> {
    const connect = await this.expect('connect')
    const ok = {
      conn: 'c1',
      secret: 's',
      node: 'n1',
      time: 1_763_719_200_000,
      features: [],
      ping: { every: 25_000, timeout: 20_000 },
      window: 300_000,
      limits: {},
      ...more,
    }
    this.say({ id: connect.id, ok })
    return connect
  }

  cut(): void {
    this.#socket.terminate()
  }

  close(code: number): void {
    this.#socket.close(code, '')
  }
}

/** Plays one script per connection, in order. A connection more than there are scripts is refused by 4401. */
export async function play(scripts: readonly ((peer: Peer) => Promise<void>)[]): Promise<{
  readonly url: string
  /** Resolves when all scripts have ended; rejects with the first that failed. */
  readonly played: Promise<void>
  close(): Promise<void>
}> {
  const { promise: played, resolve, reject } = Promise.withResolvers<void>()
  let begun = 0
  let ended = 0
  const server: Server = createServer({ port: 0, host: '127.0.0.1', subprotocols: ['tautline.v1.json'] }, (socket) => {
    const script = scripts[begun++]
    if (script === undefined) return socket.close(4401, 'no more script')
    script(new Peer(socket)).then(() => {
      if (++ended === scripts.length) resolve()
    }, reject)
  })
  await server.listening
  return { url: `ws://127.0.0.1:${server.address()?.port}/`, played, close: () => server.close() }
}
