import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { VirtualClock } from '@tautline/testkit'
import {
  CONNECT_TIMEOUT,
  Connection,
  PING_INTERVAL,
  PONG_TIMEOUT,
  STABLE_AFTER,
  type Status,
  type WebSocketLike,
} from '../../src/client/connection.ts'
import type { ServerMessage } from '../../src/shared/messages.ts'

/** A socket that does what the test says. */
class FakeSocket implements WebSocketLike {
  readonly extensions = ''
  readonly sent: { type: string; at?: number }[] = []
  closedWith: number | null = null
  onopen: WebSocket['onopen'] = null
  onmessage: WebSocket['onmessage'] = null
  onclose: WebSocket['onclose'] = null

  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }

  close(code?: number): void {
    this.closedWith = code ?? 1000
  }

  opens(): void {
    this.onopen?.call(this as never, {} as Event)
  }

  receives(message: ServerMessage): void {
    this.onmessage?.call(this as never, { data: JSON.stringify(message) } as MessageEvent)
  }

  isClosed(code: number, reason = ''): void {
    this.onclose?.call(this as never, { code, reason } as CloseEvent)
  }

  /** Answers the newest ping. */
  pongs(): void {
    const ping = this.sent.findLast((message) => message.type === 'ping')
    this.receives({ type: 'pong', at: ping?.at ?? 0 })
  }
}

const WELCOME: ServerMessage = { type: 'welcome', epoch: 'e', you: 'ada', people: [], messages: [] }

let clock: VirtualClock
let sockets: FakeSocket[]
let statuses: Status[]
let connection: Connection
let skew: number

beforeEach(() => {
  clock = new VirtualClock()
  sockets = []
  statuses = []
  skew = 0
  connection = new Connection({
    open: () => {
      const socket = new FakeSocket()
      sockets.push(socket)
      return socket
    },
    clock: { now: () => clock.now() + skew, setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout },
    random: () => 0.5,
    hello: () => ({ type: 'hello', key: 'k', name: 'Ada' }),
    onmessage: () => {},
    onstatus: (status) => statuses.push(status),
  })
})

function last(): FakeSocket {
  return sockets.at(-1)!
}

function connect(): void {
  connection.start()
  last().opens()
  last().receives(WELCOME)
}

describe('the connection of the page', () => {
  it('says hello first and is connected once it is welcome, not before', () => {
    connection.start()
    last().opens()
    assert.deepEqual(last().sent, [{ type: 'hello', key: 'k', name: 'Ada' }])
    assert.equal(connection.status.state, 'connecting')
    assert.equal(connection.send({ type: 'typing' }), false)
    last().receives(WELCOME)
    assert.equal(connection.status.state, 'connected')
    assert.equal(connection.send({ type: 'typing' }), true)
  })

  it('returns on its own after the server went away (1001), each failure waiting longer', () => {
    connect()
    clock.advance(100)
    last().isClosed(1001)
    assert.deepEqual(connection.status, { state: 'waiting', until: 350, reason: '' })
    clock.advance(250)
    assert.equal(sockets.length, 2)
    last().isClosed(1006)
    assert.deepEqual(connection.status, { state: 'waiting', until: 850, reason: '' })
    clock.advance(500)
    last().isClosed(1006)
    assert.deepEqual(connection.status, { state: 'waiting', until: 1850, reason: '' })
  })

  it('a connection that lasted makes the next wait short again, one that broke at once does not', () => {
    connect()
    last().isClosed(1006)
    clock.advance(250)
    last().opens()
    last().receives(WELCOME)
    last().isClosed(1006)
    assert.equal(connection.status.state === 'waiting' && connection.status.until - clock.now(), 500)
    clock.advance(500)
    last().opens()
    last().receives(WELCOME)
    last().pongs()
    clock.advance(STABLE_AFTER)
    last().isClosed(1006)
    assert.equal(connection.status.state === 'waiting' && connection.status.until - clock.now(), 250)
  })

  it('tries at once when it is woken while it waits', () => {
    connect()
    last().isClosed(1006)
    connection.wake()
    assert.equal(sockets.length, 2)
    clock.advance(CONNECT_TIMEOUT - 1)
    assert.equal(sockets.length, 2, 'the attempt that was planned does not come as well')
  })

  it('gives up an attempt without an answer and lets go of its socket', () => {
    connection.start()
    clock.advance(CONNECT_TIMEOUT)
    assert.equal(last().closedWith, 4000)
    assert.equal(last().onclose, null)
    assert.equal(connection.status.state, 'waiting')
  })

  it('measures the round trip and pings when nothing else is to say', () => {
    connect()
    clock.advance(7)
    last().pongs()
    assert.equal(connection.roundTrip, 7)
    const before = last().sent.length
    clock.advance(1000)
    last().pongs()
    clock.advance(PING_INTERVAL)
    assert.equal(last().sent.length, before + 2)
  })

  it('finds a dead peer by its silence, without waiting for a close handshake', () => {
    connect()
    last().pongs()
    clock.advance(1000)
    const dead = last()
    clock.advance(PONG_TIMEOUT - 1)
    assert.equal(connection.status.state, 'connected')
    clock.advance(1)
    assert.equal(connection.status.state, 'waiting')
    assert.equal(dead.closedWith, 4000)
  })

  it('any message proves that the peer lives', () => {
    connect()
    clock.advance(PONG_TIMEOUT - 1)
    last().receives({ type: 'left', id: 'bo' })
    clock.advance(2)
    assert.equal(connection.status.state, 'connected')
  })

  it('a page that was frozen asks again before it takes the peer for dead', () => {
    connect()
    skew = 60_000
    clock.advance(PONG_TIMEOUT)
    assert.equal(connection.status.state, 'connected')
    assert.equal(last().sent.at(-1)?.type, 'ping')
    last().pongs()
    assert.equal(connection.status.state, 'connected')
  })

  it('asks at once whether the peer lives when the page is shown again', () => {
    connect()
    last().pongs()
    const before = last().sent.length
    connection.wake()
    assert.equal(last().sent.length, before + 1)
    clock.advance(PONG_TIMEOUT)
    assert.equal(connection.status.state, 'waiting')
  })

  it('does not press a server that refused it (1008)', () => {
    connect()
    last().isClosed(1008, 'too many tabs')
    assert.deepEqual(connection.status, { state: 'waiting', until: 5000, reason: 'too many tabs' })
  })

  it('stops for good, leaves no timer, and can begin again', () => {
    connect()
    connection.stop()
    assert.equal(last().closedWith, 1000)
    assert.equal(connection.status.state, 'idle')
    assert.equal(clock.pending, 0)
    connection.wake()
    assert.equal(sockets.length, 1)
    connection.start()
    assert.equal(sockets.length, 2)
  })

  it('takes no notice of what it does not understand', () => {
    connect()
    for (const data of ['', '{', '1', 'null', '{}', '{"type":"future"}', new ArrayBuffer(3)]) {
      last().onmessage?.call(last() as never, { data } as MessageEvent)
    }
    assert.equal(connection.status.state, 'connected')
  })
})
