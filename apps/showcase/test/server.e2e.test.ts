// The server as a process: what it prints, refuses and does when it stops. Talks with Node's own WebSocket.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ClientMessage, ServerMessage } from '../src/shared/messages.ts'
import { ServerEnded, type ServerProcess, startServer } from './server-process.ts'

const KEY = '0123456789abcdef0123456789abcdef'

/** One client: what it receives can be awaited by type. */
class Client {
  readonly socket: WebSocket
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #received: ServerMessage[]
  #wake: (() => void) | null

  constructor(url: string) {
    this.#received = []
    this.#wake = null
    this.socket = new WebSocket(url)
    this.socket.addEventListener('message', (event) => {
      this.#received.push(JSON.parse(String(event.data)))
      this.#wake?.()
    })
    this.closed = new Promise((resolve) => {
      this.socket.addEventListener('close', (event) => resolve({ code: event.code, reason: event.reason }))
    })
  }

  async opened(): Promise<this> {
    await once(this.socket, 'open')
    return this
  }

  send(message: ClientMessage | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  async next<T extends ServerMessage['type']>(type: T): Promise<Extract<ServerMessage, { type: T }>> {
    for (;;) {
      const at = this.#received.findIndex((message) => message.type === type)
      if (at >= 0) return this.#received.splice(at, 1)[0] as Extract<ServerMessage, { type: T }>
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

describe('the chat server', { timeout: 60_000 }, () => {
  let server: ServerProcess
  const clients: Client[] = []

  before(async () => {
    server = await startServer({ build: true })
  })

  after(async () => {
    for (const client of clients) client.socket.close()
    await server.stop('SIGTERM')
  })

  async function client(hello: Partial<{ key: string; name: string }> | null = {}): Promise<Client> {
    const made = await new Client(`${server.url.replace('http', 'ws')}/chat`).opened()
    clients.push(made)
    if (hello !== null) {
      made.send({ type: 'hello', key: KEY, name: 'Ada', ...hello })
      await made.next('welcome')
    }
    return made
  }

  it('serves the page and the WebSocket on one port', async () => {
    const page = await fetch(server.url)
    assert.equal(page.status, 200)
    assert.match(await page.text(), /Tautline/)
    const ada = await client()
    ada.send({ type: 'ping', at: 42 })
    assert.equal((await ada.next('pong')).at, 42)
  })

  it('answers requests for pages of every kind while chats are open', async () => {
    const asset = /\/assets\/[^"]+\.js/.exec(await (await fetch(server.url)).text())?.[0]
    assert.match((await fetch(server.url + asset)).headers.get('cache-control') ?? '', /immutable/)
    assert.equal((await fetch(`${server.url}/nothing`)).status, 404)
    assert.equal((await fetch(server.url, { method: 'POST', body: 'x' })).status, 405)
  })

  it('derives the public id from the key, so that nobody can be somebody else', async () => {
    const [ada, eve] = [await client(), await client({ key: KEY.replace('0', 'f'), name: 'Ada' })]
    ada.send({ type: 'say', id: 'a', text: 'it is me' })
    const { message } = await eve.next('message')
    assert.match(message.user, /^[\w-]{12}$/)
    eve.send({ type: 'say', id: 'b', text: 'no, me' })
    assert.notEqual((await eve.next('message')).message.user, message.user)
  })

  it('asks who floods to slow down, and closes with 1008 when it does not', async () => {
    const flood = await client({ key: 'f'.repeat(32), name: 'Flood' })
    for (let n = 0; n < 30; n++) flood.send({ type: 'say', id: `f${n}`, text: 'x' })
    const refused = await flood.next('refused')
    assert.equal(refused.reason, 'rate')
    assert.match(refused.id ?? '', /^f\d+$/)
    assert.ok(refused.retryAfter > 0)
    for (let n = 0; n < 200; n++) flood.send({ type: 'say', id: `g${n}`, text: 'x' })
    assert.equal((await flood.closed).code, 1008)
  })

  it('lets no message overtake one that was refused for its rate', async () => {
    const quick = await client({ key: 'e'.repeat(32), name: 'Quick' })
    // The hello was the first of twenty.
    for (let n = 0; n < 21; n++) quick.send({ type: 'say', id: `q${n}`, text: 'x' })
    const first = await quick.next('refused')
    const second = await quick.next('refused')
    assert.deepEqual([first.id, second.id], ['q19', 'q20'])
    assert.ok(second.retryAfter > first.retryAfter)
    // As long as the server asked for: there is room for one by then, but it is not the second's turn.
    await new Promise((resolve) => setTimeout(resolve, first.retryAfter + 50))
    quick.send({ type: 'say', id: 'q20', text: 'x' })
    assert.equal((await quick.next('refused')).id, 'q20')
    quick.send({ type: 'say', id: 'q19', text: 'x' })
    for (let n = 0; n < 20; n++) assert.equal((await quick.next('message')).message.id, `q${n}`)
  })

  it('refuses nonsense by name and closes binary messages with 1003, silence about hello with 1008', async () => {
    const ada = await client()
    ada.send('{"type":"say","id":"n1","text":""}')
    assert.deepEqual(await ada.next('refused'), { type: 'refused', id: 'n1', reason: 'invalid', retryAfter: 0 })
    ada.socket.send(new Uint8Array([1, 2, 3]))
    assert.equal((await ada.closed).code, 1003)
    const rude = await client(null)
    rude.send({ type: 'say', id: 'a', text: 'no hello' })
    assert.equal((await rude.closed).code, 1008)
  })

  it('closes with 1009 when a message is larger than any the page sends', async () => {
    const ada = await client()
    ada.send({ type: 'say', id: 'big', text: 'x'.repeat(40_000) })
    assert.equal((await ada.closed).code, 1009)
  })

  it('refuses a foreign page and a wrong path before the WebSocket is open', async () => {
    const head = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${'A'.repeat(22)}==`,
    ]
    const foreign = await raw(server.port, '/chat', [...head, 'Origin: https://evil.example'])
    assert.match(foreign, /^HTTP\/1\.1 403 /)
    const own = await raw(server.port, '/chat', [...head, `Origin: ${server.url}`])
    assert.match(own, /^HTTP\/1\.1 101 /)
    assert.doesNotMatch(await raw(server.port, '/other', head), /^HTTP\/1\.1 101 /)
  })

  it('says what to do when the port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    await assert.rejects(startServer({ port }), (error) => {
      assert.ok(error instanceof ServerEnded)
      assert.equal(error.exitCode, 1)
      assert.match(error.output, new RegExp(`Port ${port} is taken`))
      assert.match(error.output, /PORT=\d+ npm start/)
      return true
    })
    taken.close()
  })

  it('refuses a PORT that is none', async () => {
    for (const PORT of ['99999', 'http', '-1', '80.5']) {
      await assert.rejects(startServer({ env: { PORT } }), /PORT must be a number from 0 to 65535/)
    }
  })

  it('ends with the npm that started it, so that the port is free again', async () => {
    const npm = spawn('npm', ['start'], {
      cwd: fileURLToPath(new URL('../', import.meta.url)),
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let output = ''
    for await (const chunk of npm.stdout) {
      output += String(chunk)
      if (output.includes('Ctrl+C stops')) npm.kill('SIGTERM')
    }
    // The loop has ended: nobody holds the pipe any more, neither npm nor its shell nor the server.
    assert.match(output, /http:\/\/localhost:\d+/)
  })

  it('stops on SIGTERM and SIGINT: closes everybody with 1001 and ends with 0', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const own = await startServer()
      const ada = await new Client(`${own.url.replace('http', 'ws')}/chat`).opened()
      ada.send({ type: 'hello', key: KEY, name: 'Ada' })
      await ada.next('welcome')
      assert.equal(await own.stop(signal), 0)
      assert.equal((await ada.closed).code, 1001)
    }
  })
})

/** Sends one upgrade request and returns the head of the answer. */
async function raw(port: number, path: string, headers: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end([`GET ${path} HTTP/1.1`, `Host: localhost:${port}`, ...headers, '', ''].join('\r\n'))
  let answer = ''
  for await (const chunk of socket) {
    answer += String(chunk)
    if (answer.includes('\r\n\r\n')) break
  }
  return answer
}
