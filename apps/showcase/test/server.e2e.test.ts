// The server as a process: what it prints, refuses and does when it stops. Speaks tautline.v1 by hand, as a hostile
// client would.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Connected, Failure, Publication, Published, Request } from '@tautline/wire'
import { ServerEnded, type ServerProcess, startServer } from './server-process.ts'

const KEY = '0123456789abcdef0123456789abcdef'

interface Answer {
  readonly id?: number
  readonly ok?: unknown
  readonly error?: Failure
  readonly ev?: string
}

/** One connection: its replies by their number, and its publications in order. */
class Peer {
  readonly socket: WebSocket
  readonly closed: Promise<{ code: number; reason: string }>
  readonly publications: Publication[]
  readonly #replies: Map<number, (answer: Answer) => void>
  /** Rejects when the connection ends while somebody waits for something. */
  readonly #ended: Promise<never>
  #id: number
  #wake: () => void

  constructor(url: string) {
    this.publications = []
    this.#replies = new Map()
    this.#id = 0
    this.#wake = () => {}
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/realtime`, 'tautline.v1.json')
    this.socket.addEventListener('message', (event) => {
      for (const line of String(event.data).split('\n')) this.#heard(JSON.parse(line))
    })
    this.closed = new Promise((resolve) => {
      this.socket.addEventListener('close', (event) => resolve({ code: event.code, reason: event.reason }))
    })
    this.#ended = this.closed.then(({ code, reason }) => Promise.reject(new Error(`closed with ${code} ${reason}`)))
    this.#ended.catch(() => {})
  }

  /** Asks, and waits for the reply. */
  ask<T>(request: Request): Promise<{ ok?: T; error?: Failure }> {
    const id = ++this.#id
    this.socket.send(JSON.stringify({ id, ...request }))
    const answered = new Promise<{ ok?: T; error?: Failure }>((resolve) => {
      this.#replies.set(id, (answer) => resolve(answer as { ok?: T; error?: Failure }))
    })
    return Promise.race([answered, this.#ended])
  }

  say(text: string, room = 'general', key = `k${this.#id}`): Promise<{ ok?: Published; error?: Failure }> {
    return this.ask({ op: 'publish', ch: `room:${room}`, key, since: Date.now(), lane: 0, data: { text, name: 'Ada' } })
  }

  async publication(): Promise<Publication> {
    while (this.publications.length === 0) {
      await Promise.race([new Promise<void>((resolve) => (this.#wake = resolve)), this.#ended])
    }
    return this.publications.shift() as Publication
  }

  #heard(answer: Answer): void {
    if (answer.ev === 'pub') this.publications.push(answer as unknown as Publication)
    this.#wake()
    if (answer.id !== undefined) this.#replies.get(answer.id)?.(answer)
  }
}

describe('the chat server', { timeout: 60_000 }, () => {
  let server: ServerProcess
  const peers: Peer[] = []

  before(async () => {
    server = await startServer({ build: true })
  })

  after(async () => {
    for (const { socket } of peers) socket.close()
    await server.stop('SIGTERM')
  })

  async function open(url: string = server.url): Promise<Peer> {
    const peer = new Peer(url)
    peers.push(peer)
    await once(peer.socket, 'open')
    return peer
  }

  async function enter(key: string = KEY, name: string = 'Ada', url: string = server.url): Promise<Peer> {
    const peer = await open(url)
    const token = JSON.stringify({ key, name })
    const { ok } = await peer.ask<Connected>({ op: 'connect', token, client: `client-of-${key}`, features: [] })
    assert.match(ok?.user ?? '', /^[\w-]{12}$/)
    await peer.ask({ op: 'subscribe', ch: 'room:general', from: 'head' })
    return peer
  }

  it('serves the page, at every room’s address, and the realtime endpoint on one port', async () => {
    for (const path of ['/', '/r/general', '/r/none']) {
      const page = await fetch(server.url + path)
      assert.equal(page.status, 200)
      assert.match(await page.text(), /Tautline/)
    }
    const ada = await enter()
    assert.equal((await ada.ask({ op: 'ping' })).error, undefined)
  })

  it('answers requests for pages of every kind while chats are open', async () => {
    const asset = /\/assets\/[^"]+\.js/.exec(await (await fetch(server.url)).text())?.[0]
    assert.match((await fetch(server.url + asset)).headers.get('cache-control') ?? '', /immutable/)
    assert.equal((await fetch(`${server.url}/nothing`)).status, 404)
    assert.equal((await fetch(server.url, { method: 'POST', body: 'x' })).status, 405)
  })

  it('derives the public id from the key, so that nobody can be somebody else', async () => {
    const [ada, eve] = [await enter(), await enter(KEY.replace('0', 'f'), 'Ada')]
    await ada.say('it is me')
    const first = await eve.publication()
    await eve.say('no, me')
    const second = await eve.publication()
    assert.deepEqual(
      [first.data, second.data].map((data) => (data as { name: string }).name),
      ['Ada', 'Ada'],
    )
    assert.notEqual(first.from?.user, second.from?.user)
  })

  it('lets nobody in without a key, and says what is wrong', async () => {
    for (const token of ['x', '{}', JSON.stringify({ key: 'short', name: 'Ada' }), JSON.stringify({ key: KEY })]) {
      const nobody = await open()
      const { error } = await nobody.ask({ op: 'connect', token, client: 'c'.repeat(22), features: [] })
      assert.equal(error?.code, 'unauthorized', token)
    }
  })

  it('publishes what it has made presentable, and refuses the rest by name', async () => {
    const ada = await enter('a'.repeat(32))
    await ada.say(' \u202ehello\u0007\r\n ')
    assert.deepEqual((await ada.publication()).data, { text: 'hello', name: 'Ada' })
    for (const data of [null, 'x', { text: '', name: 'Ada' }, { text: 'x' }, { text: 'x'.repeat(2001), name: 'Ada' }]) {
      const request = { op: 'publish', ch: 'room:general', since: Date.now(), lane: 0 } as const
      const { error } = await ada.ask({ ...request, key: `bad${JSON.stringify(data)?.length}`, data })
      assert.equal(error?.code, 'bad-data', JSON.stringify(data))
      assert.equal(error?.retry, 'no')
    }
  })

  it('knows only its own channels: rooms that were made, and nothing that a client may write into the list', async () => {
    const ada = await enter('b'.repeat(32))
    for (const ch of ['room:none', 'here:none', 'room:general:x', 'else', 'room:*', '**']) {
      const { error } = await ada.ask({ op: 'subscribe', ch, from: 'head' })
      assert.equal(error?.code, 'forbidden', ch)
    }
    assert.equal((await ada.say('x', 'none')).error?.code, 'forbidden')
    const data = { room: 'evil', title: 'Evil' }
    const { error } = await ada.ask({ op: 'publish', ch: 'rooms', key: 'r', since: Date.now(), lane: 0, data })
    assert.equal(error?.code, 'forbidden')
  })

  it('asks who floods to slow down', async () => {
    const flood = await enter('f'.repeat(32))
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => flood.say(`x${n}`, 'random', `f${n}`)))
    const [refused] = answers.filter(({ error }) => error?.code === 'rate')
    assert.ok((refused?.error?.after ?? 0) > 0)
    const codes = answers.map(({ ok, error }) => (ok !== undefined ? 'ok' : error?.code))
    assert.deepEqual([...new Set(codes)].toSorted(), ['aborted', 'ok', 'rate'], 'none overtakes the refused one')
    assert.ok(codes.lastIndexOf('ok') < codes.indexOf('rate'))
  })

  it('closes when a frame is nonsense', async () => {
    for (const frame of ['{', '[]', '{"op":"ping"}', new Uint8Array([1, 2, 3])]) {
      const rude = await enter('c'.repeat(32))
      rude.socket.send(frame)
      const { code } = await rude.closed
      assert.ok(code === 4300 || code === 1003, `${String(frame)}: ${code}`)
    }
  })

  it('keeps every acknowledged message through a SIGKILL', async () => {
    const first = await startServer()
    const ada = await enter(KEY, 'Ada', first.url)
    const answers = await Promise.all([1, 2, 3].map((n) => ada.say(`kept ${n}`, 'general', `s${n}`)))
    await first.stop('SIGKILL')
    const second = await startServer({ store: first.store })
    const bo = await enter('d'.repeat(32), 'Bo', second.url)
    const { ok } = await bo.ask<{ items: Publication[] }>({ op: 'history', ch: 'room:general', limit: 10 })
    const said = (ok?.items ?? []).filter((item) => item.ev === 'pub')
    assert.deepEqual(
      said.map(({ off, data }) => [off, (data as { text: string }).text]),
      answers.map(({ ok }, n) => [ok?.position?.offset, `kept ${n + 1}`]),
    )
    // Sent again, because the answer might have been lost: the same position, and nothing new.
    const again = await enter(KEY, 'Ada', second.url)
    const { ok: repeated } = await again.say('kept 2', 'general', 's2')
    assert.deepEqual(repeated, { position: answers[1]?.ok?.position, duplicate: true })
    await second.stop('SIGTERM')
  })

  it('says what to do when the store cannot be used', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tautline-store-'))
    const file = join(folder, 'not-a-database')
    writeFileSync(file, 'x'.repeat(10_000))
    for (const STORE of [file, folder, join(file, 'below')]) {
      await assert.rejects(startServer({ env: { STORE } }), (error) => {
        assert.ok(error instanceof ServerEnded)
        assert.equal(error.exitCode, 1)
        assert.match(error.output, /The chat's store cannot be used: .*\n.*\n.*STORE=memory npm start/s)
        assert.doesNotMatch(error.output, /\n\s+at /)
        return true
      })
    }
    await assert.rejects(startServer({ store: server.store }), /store cannot be used/, 'another server has it open')
    rmSync(folder, { recursive: true })
    const memory = await startServer({ env: { STORE: 'memory' } })
    assert.match(memory.output(), /a restart forgets everything/)
    await memory.stop('SIGTERM')
  })

  it('refuses a foreign page and a wrong path before the WebSocket is open', async () => {
    const head = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${'A'.repeat(22)}==`,
      'Sec-WebSocket-Protocol: tautline.v1.json',
    ]
    const foreign = await raw(server.port, '/realtime', [...head, 'Origin: https://evil.example'])
    assert.match(foreign, /^HTTP\/1\.1 403 /)
    const own = await raw(server.port, '/realtime', [...head, `Origin: ${server.url}`])
    assert.match(own, /^HTTP\/1\.1 101 /)
    assert.doesNotMatch(await raw(server.port, '/other', head), /^HTTP\/1\.1 101 /)
    assert.match(server.output(), /origin refused origin="https:\/\/evil\.example" problem=".*the option \\"origins\\"/)
  })

  it('takes pages of the listed origins alone, and refuses an ORIGINS that is none', async () => {
    for (const [ORIGINS, meant] of [
      ['chat.example.com', "write 'https://chat.example.com'"],
      ['https://ok.example, https://chat.example.com/', "write 'https://chat.example.com'"],
      ['*', 'without wildcard'],
    ] as const) {
      await assert.rejects(startServer({ env: { ORIGINS, STORE: 'memory' } }), (error) => {
        assert.ok(error instanceof ServerEnded)
        assert.equal(error.exitCode, 1)
        assert.match(error.output, /^ORIGINS is a list of origins with commas between them: origins\[\d\] must be/)
        assert.ok(error.output.includes(meant), error.output)
        assert.doesNotMatch(error.output, /\n\s+at /)
        return true
      })
    }
    const listed = await startServer({
      env: { ORIGINS: 'https://chat.example.com, http://host.lan:8080', STORE: 'memory' },
    })
    const head = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
    head.push(`Sec-WebSocket-Key: ${'A'.repeat(22)}==`, 'Sec-WebSocket-Protocol: tautline.v1.json')
    const good = await raw(listed.port, '/realtime', [...head, 'Origin: http://host.lan:8080'])
    assert.match(good, /^HTTP\/1\.1 101 /)
    const own = await raw(listed.port, '/realtime', [...head, `Origin: ${listed.url}`])
    assert.match(own, /^HTTP\/1\.1 403 /)
    await listed.stop('SIGTERM')
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
      env: { ...process.env, PORT: '0', STORE: 'memory' },
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
      const ada = await enter(KEY, 'Ada', own.url)
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
