import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lost, Position } from '@tautline/wire'
import fc from 'fast-check'
import { at, Bench, type FakeSocket, settled } from './fake-peer.ts'

interface Entry {
  readonly off: number
  readonly id: string
  readonly epoch: string
  /** The id of the entry before it, when it was appended. */
  readonly before: string
}

/** A log that can lose its tail, and one connection's place in it. */
class Server {
  readonly everything: Entry[] = []
  log: Entry[] = []
  epoch = 'E1'
  /** Ids behind which a loss was announced: with an entry left out on the way the client had not seen them. */
  readonly pushed = new Set<string>()
  #count = 0
  /** Of the open attachment: null, there is none. */
  cursor: Position | null = null
  #socket: FakeSocket | null = null

  get head(): Position {
    const last = this.log.at(-1)
    return last === undefined ? at(0) : { epoch: last.epoch, offset: last.off, id: last.id }
  }

  append(): void {
    const entry = { off: this.log.length + 1, id: `w.${++this.#count}`, epoch: this.epoch, before: this.head.id }
    this.log.push(entry)
    this.everything.push(entry)
  }

  /** Another store takes over, which lacks the newest. The hub stood at the head: everybody attached to it is told. */
  failover(lost: number): void {
    const { head } = this
    this.log = this.log.slice(0, Math.max(0, this.log.length - lost))
    this.epoch = `E${++this.#count}x`
    if (this.#socket !== null && this.cursor !== null && !this.proves(head)) {
      const from = this.cursor
      this.cursor = this.head
      this.pushed.add(from.id)
      this.#socket.say({
        ev: 'lost',
        ch: 'a',
        start: this.head,
        lost: { why: 'diverged', from, to: this.head, spread: 0 },
      })
    }
  }

  proves({ offset, id }: Position): boolean {
    return offset === 0 ? id === '' : this.log[offset - 1]?.id === id
  }

  connect(socket: FakeSocket): void {
    this.#socket = socket
    this.cursor = null
  }

  attach(from: Position | 'head' | { last: number }): object {
    const { head } = this
    if (from === 'head') this.cursor = head
    else if ('last' in from) {
      const entry = this.log[this.log.length - from.last - 1]
      this.cursor = entry === undefined ? at(0) : { epoch: entry.epoch, offset: entry.off, id: entry.id }
    } else if (this.proves(from)) {
      this.cursor = from
      return { ch: 'a', mode: 'log', outcome: 'recovered', start: from, head }
    } else {
      this.cursor = head
      const lost = { why: 'diverged', from, to: head, spread: 0 }
      return { ch: 'a', mode: 'log', outcome: 'lost', start: head, head, lost }
    }
    return { ch: 'a', mode: 'log', outcome: 'fresh', start: this.cursor, head }
  }

  /** Sends up to so many entries; `fault` spoils the first. */
  send(most: number, fault: 'none' | 'skip' | 'twice' | 'again'): void {
    for (let n = 0; n < most; n++) {
      const { cursor } = this
      const entry = cursor === null ? undefined : this.log[cursor.offset]
      if (cursor === null || entry === undefined || this.#socket === null) return
      const messages: object[] = []
      const pub = { ev: 'pub', ch: 'a', off: entry.off, id: entry.id, at: 1, data: entry.id }
      if (entry.epoch !== cursor.epoch) {
        messages.push({ ev: 'fence', ch: 'a', from: cursor, epoch: entry.epoch, loss: 'possible' })
      }
      if (fault === 'again' && cursor.offset > 0) {
        const { off, id } = this.log[cursor.offset - 1] as Entry
        messages.unshift({ ev: 'pub', ch: 'a', off, id, at: 1, data: id })
      }
      if (fault !== 'skip' || n > 0) messages.push(pub)
      if (fault === 'twice') messages.push(pub)
      this.cursor = { epoch: entry.epoch, offset: entry.off, id: entry.id }
      if (messages.length > 0) this.#socket.say(...messages)
    }
  }
}

/** What one subscription was handed, judged against the log. */
class Witness {
  readonly #server: Server
  #last: string | null = null
  count = 0
  lost = 0

  constructor(server: Server) {
    this.#server = server
  }

  begin(position: Position | null): void {
    this.#last ??= position?.id ?? null
  }

  message(id: string): void {
    const entry = this.#server.everything.find((of) => of.id === id)
    assert.ok(entry !== undefined, 'nothing that was never sent')
    if (this.#last !== null) assert.equal(entry.before, this.#last, 'no hole, no duplicate, no other order')
    this.#last = id
    this.count++
  }

  loss({ from, to }: Lost): void {
    const last = this.#last
    const gone = last !== null && last !== '' && !this.#server.log.some(({ id }) => id === last)
    assert.ok(gone || this.#server.pushed.has(from?.id ?? ''), 'no loss without a reason')
    this.#last = to?.id ?? ''
    this.lost++
  }

  done(): void {
    if (this.#last !== null) assert.equal(this.#last, this.#server.head.id, 'everything was handed over in the end')
  }
}

type Step =
  | { readonly do: 'append' | 'read'; readonly n: number }
  | { readonly do: 'send'; readonly n: number; readonly fault: 'none' | 'skip' | 'twice' | 'again' }
  | { readonly do: 'failover'; readonly n: number }
  | { readonly do: 'cut' | 'wait' | 'late' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), n: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      n: fc.integer({ min: 1, max: 5 }),
      fault: fc.constantFrom('none', 'none', 'skip', 'twice', 'again'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const), n: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('failover' as const), n: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'wait' as const, 'late' as const) }) },
)

/** Answers whatever the client asks, until it asks nothing more. */
async function answer(bench: Bench, server: Server): Promise<void> {
  for (let round = 0; round < 50; round++) {
    const commands = bench.socket.readyState === 1 ? await bench.socket.rest() : []
    if (commands.length === 0) return
    for (const command of commands) {
      if (command.op === 'subscribe') bench.socket.ok(command, server.attach(command.from))
      else bench.socket.ok(command)
    }
  }
  assert.fail('the client asks in a circle')
}

async function reconnect(bench: Bench, server: Server): Promise<void> {
  await bench.retry()
  const connect = await bench.welcome()
  server.connect(bench.socket)
  for (const sub of connect.resume ?? []) bench.socket.say({ ev: 'sub', ...server.attach(sub.from) })
}

async function run(steps: readonly Step[]): Promise<void> {
  const server = new Server()
  const bench = new Bench({ maxQueue: 3 })
  bench.client.on('error', (error) => assert.fail(error))
  await bench.up()
  server.connect(bench.socket)
  const witnesses: Witness[] = []
  const subscribe = (last?: number) => {
    const witness = new Witness(server)
    witnesses.push(witness)
    const subscription = bench.client.channel<string>('a').subscribe({
      ...(last === undefined ? {} : { last }),
      onMessage: ({ data }) => witness.message(data),
      onLost: (lost) => witness.loss(lost),
    })
    subscription.on('state', () => witness.begin(subscription.position))
    return subscription
  }
  subscribe()
  // One more that reads at its own pace.
  const slow = new Witness(server)
  const reader = bench.client.channel<string>('a').subscribe({ onLost: (lost) => slow.loss(lost) })
  const iterator = reader[Symbol.asyncIterator]()
  let asked = false
  let most = 0
  const read = async (): Promise<void> => {
    if (asked) return
    asked = true
    const { value } = await iterator.next()
    asked = false
    if (value !== undefined) slow.message(value.data)
  }
  await answer(bench, server)
  for (const { do: what, ...more } of steps as readonly (Step & { n: number; fault: 'none' })[]) {
    if (what === 'append') for (let n = 0; n < more.n; n++) server.append()
    else if (what === 'send') server.send(more.n, more.fault)
    else if (what === 'failover') server.failover(more.n)
    else if (what === 'wait') await bench.clock.pass(1_000)
    else if (what === 'late') {
      if (most++ < 3) subscribe(2)
    } else if (what === 'cut') {
      bench.socket.end(1006)
      await reconnect(bench, server)
    } else for (let n = 0; n < more.n; n++) void read()
    await settled()
    await answer(bench, server)
  }
  // Quiet: everything is sent, asked for and read.
  server.append()
  for (let n = 0; n < 300; n++) {
    server.send(2, 'none')
    void read()
    await settled()
    await answer(bench, server)
    if (n % 20 === 19) await bench.clock.pass(1_000)
  }
  for (const witness of [slow, ...witnesses]) witness.done()
  bench.client.close()
}

test('whatever is cut, repeated, left out or fenced, each subscription gets the log, or is told of a real loss', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), run), { numRuns: 60 })
})
