import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { type Json, type Ok, RealtimeError, type RpcCommand, type RpcPush } from '@tautline/wire'
import { type CallContext, Calls, type Procedure, Procedures } from '../../src/rpc/calls.ts'
import { Time } from '../presence/clock.ts'

const WHO = { user: 'ann', peer: 'p1', info: { name: 'Ann' } }

/** A session that calls: what it was answered, and told. */
class Caller {
  readonly time: Time = new Time()
  readonly procedures: Procedures = new Procedures()
  readonly replies: [number, Ok | string][] = []
  readonly errors: RealtimeError[] = []
  readonly pushes: RpcPush[] = []
  readonly failures: [string, string][] = []
  /** Pushes that the session takes before it is behind. */
  room = Number.POSITIVE_INFINITY
  readonly calls: Calls
  private last = 0

  constructor(limit = 64) {
    this.calls = new Calls({
      procedures: this.procedures,
      clock: this.time,
      limit,
      reply: (id, outcome) => {
        if (outcome instanceof RealtimeError) this.errors.push(outcome)
        this.replies.push([id, outcome instanceof RealtimeError ? outcome.code : outcome])
      },
      push: (push) => {
        this.pushes.push(push)
        return --this.room > 0
      },
      onFailure: (error, method) => this.failures.push([method, String(error)]),
    })
  }

  method(name: string, procedure: Procedure): this {
    this.procedures.register(name, procedure)
    return this
  }

  /** @returns the id of the call */
  call(method: string, data: Json = null, more: Partial<RpcCommand> = {}): number {
    const id = ++this.last
    this.calls.start({ op: 'rpc', id, method, ms: 10_000, data, ...more } as RpcCommand & { id: number }, WHO)
    return id
  }

  stream(method: string, ms = 0): number {
    return this.call(method, null, { stream: true, ms })
  }

  settle(): Promise<void> {
    return this.time.pass(0)
  }
}

const never = (): Promise<never> => new Promise(() => {})
const texts = (pushes: readonly RpcPush[]): unknown[] =>
  pushes.map(({ seq, end, data }) => (end ? `${seq} end` : [seq, data]))

describe('a call', () => {
  it('is answered with what the procedure gives, which knows who asks', async () => {
    let context: CallContext | null = null
    const caller = new Caller().method('add', async (data, given) => {
      context = given
      const [a, b] = data as [number, number]
      return { sum: a + b }
    })
    caller.call('add', [1, 2])
    await caller.settle()
    assert.deepEqual(caller.replies, [[1, { data: { sum: 3 } }]])
    const { signal, ...who } = context as unknown as CallContext
    assert.deepEqual(who, WHO)
    assert.equal(signal.aborted, false)
    assert.equal(caller.time.pending, 0)
  })

  it('carries bytes as bytes, both ways', async () => {
    const caller = new Caller().method('reverse', (data) => (data as Uint8Array).toReversed())
    caller.calls.start({ op: 'rpc', id: 1, method: 'reverse', ms: 100, bytes: new Uint8Array([1, 2, 3]) }, WHO)
    await caller.settle()
    assert.deepEqual(caller.replies, [[1, { bytes: new Uint8Array([3, 2, 1]) }]])
  })

  it('is answered with null where the procedure gives nothing', async () => {
    const caller = new Caller().method('log', () => {})
    caller.call('log')
    await caller.settle()
    assert.deepEqual(caller.replies, [[1, { data: null }]])
  })

  it('is refused with not-found where there is no such method, whatever it is called', async () => {
    const caller = new Caller()
    for (const name of ['nothing', '__proto__', 'constructor', 'toString']) caller.call(name)
    await caller.settle()
    assert.deepEqual(
      caller.replies.map(([, code]) => code),
      Array(4).fill('not-found'),
    )
  })

  it('fails as the procedure says with a RealtimeError', async () => {
    const caller = new Caller().method('pay', () => {
      throw new RealtimeError('forbidden', 'not your account', { field: 'account' })
    })
    caller.call('pay')
    await caller.settle()
    assert.deepEqual(caller.errors[0]?.toFailure(), {
      code: 'forbidden',
      message: 'not your account',
      retry: 'no',
      field: 'account',
    })
    assert.deepEqual(caller.failures, [])
  })

  it('fails as unknown where the procedure throws anything else, and tells nobody but the server what', async () => {
    const caller = new Caller().method('pay', async () => {
      throw new TypeError('password is hunter2')
    })
    caller.call('pay')
    await caller.settle()
    assert.equal(caller.replies[0]?.[1], 'unknown')
    assert.ok(!JSON.stringify(caller.errors[0]?.toFailure()).includes('hunter2'))
    assert.deepEqual(caller.failures, [['pay', 'TypeError: password is hunter2']])
  })

  it('fails as unknown where the result is not JSON, which the server is told', async () => {
    const odd: unknown[] = [
      1n,
      () => {},
      new Map(),
      Number.NaN,
      2 ** 60,
      { a: [undefined] },
      'x'.repeat(2_000_000),
      new Date(0),
    ]
    const round: unknown[] = []
    round.push(round)
    odd.push(round)
    const caller = new Caller().method('odd', (i) => odd[i as number])
    for (const i of odd.keys()) caller.call('odd', i)
    await caller.settle()
    assert.deepEqual(
      caller.replies.map(([, code]) => code),
      Array(odd.length).fill('unknown'),
    )
    assert.equal(caller.failures.length, odd.length)
  })

  it('times out as unknown, and its signal says so to the procedure', async () => {
    const signals: AbortSignal[] = []
    const caller = new Caller().method('slow', (_, { signal }) => {
      signals.push(signal)
      return never()
    })
    caller.call('slow', null, { ms: 1_000 })
    await caller.time.pass(999)
    assert.deepEqual(caller.replies, [])
    await caller.time.pass(1)
    assert.deepEqual(caller.replies, [[1, 'timeout']])
    assert.equal(caller.errors[0]?.retry, 'unknown')
    assert.equal(signals[0]?.reason, caller.errors[0])
    assert.equal(caller.calls.size, 0)
  })

  it('lasts 5 minutes at most', async () => {
    const caller = new Caller().method('slow', never)
    for (const ms of [0, 300_001, 86_400_000]) caller.call('slow', null, { ms })
    await caller.time.pass(299_999)
    assert.equal(caller.replies.length, 0)
    await caller.time.pass(1)
    assert.equal(caller.replies.length, 3)
  })

  it('has one outcome: what comes after it is dropped', async () => {
    const late = Promise.withResolvers<string>()
    const caller = new Caller().method('late', () => late.promise)
    const id = caller.call('late')
    caller.calls.cancel(id)
    assert.deepEqual(caller.replies, [[1, 'cancelled']])
    late.resolve('result')
    caller.calls.cancel(id)
    await caller.time.pass(20_000)
    assert.equal(caller.replies.length, 1)
  })

  it('is cancelled only by its own id; other ids mean nothing (J17)', async () => {
    const caller = new Caller().method('slow', never)
    const id = caller.call('slow')
    for (const other of [0, -1, 2, 1e9]) caller.calls.cancel(other)
    assert.deepEqual(caller.replies, [])
    caller.calls.cancel(id)
    assert.deepEqual(caller.replies, [[1, 'cancelled']])
  })

  it('is reported when it fails after it was cancelled, unless it failed by that', async () => {
    const caller = new Caller()
      .method(
        'obeys',
        (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      )
      .method(
        'fails',
        (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('bug')))),
      )
    for (const method of ['obeys', 'fails']) caller.calls.cancel(caller.call(method))
    await caller.settle()
    assert.deepEqual(caller.failures, [['fails', 'Error: bug']])
    assert.equal(caller.replies.length, 2)
  })

  it('of an id that is not answered yet is refused, and the first is not touched (J18)', async () => {
    const first = Promise.withResolvers<string>()
    const caller = new Caller().method('m', () => first.promise)
    caller.call('m')
    caller.calls.start({ op: 'rpc', id: 1, method: 'm', ms: 100, data: null }, WHO)
    assert.deepEqual(caller.replies, [[1, 'bad-request']])
    first.resolve('mine')
    await caller.settle()
    assert.deepEqual(caller.replies[1], [1, { data: 'mine' }])
  })
})

describe('calls of a session', () => {
  it('are so many at once, the rest is refused, and a timeout frees their places (J19)', async () => {
    let started = 0
    const caller = new Caller(64).method('slow', () => {
      started++
      return never()
    })
    for (let i = 0; i < 100_000; i++) caller.call('slow', null, { ms: 1_000 })
    assert.equal(started, 64)
    assert.equal(caller.calls.size, 64)
    assert.equal(caller.replies.length, 99_936)
    assert.ok(caller.replies.every(([, code]) => code === 'limit'))
    await caller.time.pass(1_000)
    assert.equal(caller.calls.size, 0)
    assert.equal(caller.time.pending, 0)
    caller.call('slow')
    assert.equal(started, 65)
  })

  it('leave no more than a bounded number of procedures running by cancelling', async () => {
    const going: (() => void)[] = []
    const caller = new Caller(10).method('deaf', () => new Promise<void>((resolve) => going.push(resolve)))
    for (let i = 0; i < 1_000; i++) caller.calls.cancel(caller.call('deaf'))
    assert.equal(going.length, 50)
    assert.equal(caller.replies.at(-1)?.[1], 'overloaded')
    for (const go of going) go()
    await caller.settle()
    caller.call('deaf')
    assert.equal(going.length, 51)
  })

  it('end with the connection: signals abort, and nothing is answered or told', async () => {
    const signals: AbortSignal[] = []
    let cleaned = false
    const caller = new Caller()
      .method('slow', (_, { signal }) => {
        signals.push(signal)
        return never()
      })
      .method('ticks', async function* (_, { signal }) {
        signals.push(signal)
        try {
          for (let i = 0; ; i++) {
            yield i
            await new Promise((resolve) => caller.time.setTimer(() => resolve(null), 100))
          }
        } finally {
          cleaned = true
        }
      })
    caller.call('slow')
    caller.stream('ticks')
    await caller.time.pass(250)
    const { length } = caller.pushes
    caller.calls.end()
    await caller.time.pass(20_000)
    assert.ok(signals.length === 2 && signals.every(({ aborted }) => aborted))
    assert.ok(cleaned)
    assert.equal(caller.pushes.length, length)
    assert.deepEqual(caller.replies, [])
    assert.equal(caller.time.pending, 0)
    caller.call('slow')
    assert.equal(signals.length, 2)
  })
})

describe('a stream', () => {
  let caller: Caller
  afterEach(() => {
    assert.equal(caller.time.pending, 0, 'a timer is left')
    assert.equal(caller.calls.size, 0, 'a call is left')
  })

  it('pushes values as they come, numbered, then its end, then the reply', async () => {
    caller = new Caller().method('count', async function* () {
      yield 'a'
      yield new Uint8Array([7])
      yield undefined
    })
    const id = caller.stream('count')
    await caller.settle()
    assert.deepEqual(caller.pushes, [
      { ev: 'rpc', call: id, seq: 0, data: 'a' },
      { ev: 'rpc', call: id, seq: 1, bytes: new Uint8Array([7]) },
      { ev: 'rpc', call: id, seq: 2, data: null },
      { ev: 'rpc', call: id, seq: 3, end: true, data: null },
    ])
    assert.deepEqual(caller.replies, [[id, {}]])
  })

  it('of a procedure with one result has that one', async () => {
    caller = new Caller().method('one', async () => 42)
    caller.stream('one')
    await caller.settle()
    assert.deepEqual(texts(caller.pushes), [[0, 42], '1 end'])
    assert.deepEqual(caller.replies, [[1, {}]])
  })

  it('takes no further value while the session is behind', async () => {
    let made = 0
    caller = new Caller().method('many', async function* () {
      while (made < 10) yield ++made
    })
    caller.room = 3
    caller.stream('many')
    await caller.time.pass(5_000)
    assert.equal(made, 3)
    caller.room = 2
    caller.calls.drained()
    await caller.time.pass(5_000)
    assert.equal(made, 5)
    caller.room = 100
    caller.calls.drained()
    await caller.settle()
    assert.equal(made, 10)
    assert.deepEqual(
      caller.pushes.map(({ seq }) => seq),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    )
    assert.deepEqual(caller.replies, [[1, {}]])
  })

  it('ends with its cancellation, also while the session is behind, and the generator cleans up', async () => {
    let cleaned = 0
    caller = new Caller().method('endless', async function* () {
      try {
        for (let i = 0; ; i++) yield i
      } finally {
        cleaned++
      }
    })
    caller.room = 1
    const id = caller.stream('endless')
    await caller.settle()
    caller.calls.cancel(id)
    assert.deepEqual(caller.replies, [[1, 'cancelled']])
    await caller.settle()
    assert.equal(cleaned, 1)
    assert.deepEqual(texts(caller.pushes), [[0, 0]])
    caller.calls.drained()
    await caller.settle()
    assert.equal(caller.pushes.length, 1)
    assert.deepEqual(caller.failures, [])
  })

  it('that fails in between has its error as the reply, and no end', async () => {
    caller = new Caller()
      .method('says', async function* () {
        yield 1
        throw new RealtimeError('forbidden')
      })
      .method('breaks', async function* () {
        yield 1
        throw new Error('bug')
      })
      .method('odd', async function* () {
        yield 1
        yield 2n
        yield 3
      })
    for (const method of ['says', 'breaks', 'odd']) caller.stream(method)
    await caller.settle()
    assert.deepEqual(texts(caller.pushes), [
      [0, 1],
      [0, 1],
      [0, 1],
    ])
    assert.deepEqual(
      new Map(caller.replies),
      new Map([
        [1, 'forbidden'],
        [2, 'unknown'],
        [3, 'unknown'],
      ]),
    )
    assert.deepEqual(caller.failures.map(([method]) => method).sort(), ['breaks', 'odd'])
  })

  it('lasts as long as its caller said, or for ever', async () => {
    caller = new Caller().method('quiet', async function* (_, { signal }) {
      yield 1
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    })
    const bounded = caller.stream('quiet', 1_000)
    const endless = caller.stream('quiet', 0)
    await caller.time.pass(1_000)
    assert.deepEqual(caller.replies, [[bounded, 'timeout']])
    await caller.time.pass(86_400_000)
    assert.equal(caller.calls.size, 1)
    caller.calls.cancel(endless)
    await caller.settle()
  })

  it('asked for as a plain call is refused before anything of it ran', async () => {
    let ran = false
    caller = new Caller().method('several', async function* () {
      ran = true
      yield 1
    })
    caller.call('several')
    await caller.settle()
    assert.equal(caller.replies[0]?.[1], 'bad-request')
    assert.equal(ran, false)
  })

  it('given after the cancellation is closed unread', async () => {
    const gate = Promise.withResolvers<void>()
    let asked = 0
    let closed = 0
    const results = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: asked++ > 5, value: 1 }),
        return: async () => {
          closed++
          return { done: true as const, value: undefined }
        },
      }),
    }
    caller = new Caller().method('late', async () => {
      await gate.promise
      return results
    })
    caller.calls.cancel(caller.stream('late'))
    gate.resolve()
    await caller.settle()
    assert.deepEqual([asked, closed, caller.pushes.length], [0, 1, 0])
  })

  it('whose clean-up throws is reported, and harms nobody', async () => {
    caller = new Caller().method('dirty', async function* () {
      try {
        for (;;) yield 1
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: a bug of an application
        throw new Error('clean-up')
      }
    })
    caller.room = 2
    const id = caller.stream('dirty')
    await caller.settle()
    caller.calls.cancel(id)
    await caller.settle()
    assert.deepEqual(caller.failures, [['dirty', 'Error: clean-up']])
    assert.deepEqual(caller.replies, [[1, 'cancelled']])
  })
})

describe('procedures', () => {
  it('are registered once, under a name, as a function', () => {
    const procedures = new Procedures()
    procedures.register('a.b/c', () => 1)
    assert.throws(() => procedures.register('a.b/c', () => 1), /'a.b\/c' has a procedure already/)
    assert.throws(() => procedures.register('x', 5 as never), /the procedure for 'x' must be a function, got number/)
    for (const name of ['', 'a b', 'é', 'x'.repeat(129), 5]) {
      assert.throws(() => procedures.register(name as string, () => 1), /a method's name is 1 to 128/)
    }
  })
})
