import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Admission, type Knock } from '../../src/admission/admission.ts'
import type { AdmissionOptions } from '../../src/admission/options.ts'
import type { Vitals } from '../../src/admission/vitals.ts'
import { chance, Time } from '../presence/clock.ts'

/** Admission on virtual time, of a process that is as well as a test wants it. */
class Gate {
  readonly time: Time = new Time()
  readonly counted: string[] = []
  readonly admission: Admission
  lag = 0
  rss = 0
  full = false

  constructor(options: AdmissionOptions = {}) {
    const vitals: Vitals = {
      lag: () => this.lag,
      rss: () => this.rss,
      heapIsFull: () => this.full,
      stop: () => undefined,
    }
    this.admission = new Admission(options, {
      clock: this.time,
      random: chance(1),
      count: (limit) => this.counted.push(limit),
      vitals,
    })
  }

  /** The status, or 101. */
  knock(address = '192.0.2.1', headers: Readonly<Record<string, string>> = {}): number {
    return this.ask(address, headers).status
  }

  ask(address: string, headers: Readonly<Record<string, string>> = {}): { status: number; retryAfter: number } {
    const knock: Knock = { headers: { get: (name) => headers[name] }, remoteAddress: address }
    const refusal = this.admission.handshake(knock)
    if (refusal === undefined) return { status: 101, retryAfter: 0 }
    assert.equal(refusal.headers?.[0], 'Retry-After')
    const retryAfter = Number(refusal.headers?.[1])
    assert.ok(Number.isInteger(retryAfter) && retryAfter >= 1, `${retryAfter}`)
    return { status: refusal.status, retryAfter }
  }
}

describe('admission', () => {
  it('ends with the last connection that the node takes, and begins again when one is gone', () => {
    const gate = new Gate({ connections: 2 })
    for (const address of ['192.0.2.1', '192.0.2.2']) {
      assert.equal(gate.knock(address), 101)
      gate.admission.opened(address)
    }
    const { status, retryAfter } = gate.ask('192.0.2.3')
    assert.equal(status, 503)
    assert.ok(retryAfter >= 5 && retryAfter <= 10)
    gate.admission.closed('192.0.2.1')
    assert.equal(gate.knock('192.0.2.3'), 101)
    assert.deepEqual(gate.counted, ['connections'])
  })

  it('counts an address, an IPv6 /64 as one, and leaves the others alone', () => {
    const gate = new Gate({ perAddress: 2 })
    for (const address of ['2001:db8::1', '2001:db8::2']) {
      assert.equal(gate.knock(address), 101)
      gate.admission.opened(gate.admission.addressOf({ headers: new Map(), remoteAddress: address }))
    }
    assert.equal(gate.knock('2001:db8::3'), 429)
    assert.equal(gate.knock('2001:db8:0:1::3'), 101)
    assert.equal(gate.knock('192.0.2.1'), 101)
    gate.admission.closed('2001:db8::2')
    assert.equal(gate.knock('2001:db8::3'), 101)
    assert.deepEqual(gate.counted, ['connections of an address'])
  })

  it('spreads a crowd: so many handshakes a second, the others later', async () => {
    const gate = new Gate({ acceptRate: 10 })
    const answers = Array.from({ length: 30 }, (_, i) => gate.knock(`192.0.2.${i}`))
    assert.deepEqual([...new Set(answers.slice(0, 10))], [101])
    assert.deepEqual([...new Set(answers.slice(10))], [503])
    const afters = new Set(Array.from({ length: 50 }, (_, i) => gate.ask(`198.51.100.${i}`).retryAfter))
    assert.ok(afters.size >= 4, `a crowd must not come back as one: ${[...afters]}`)
    await gate.time.pass(500)
    assert.equal(Array.from({ length: 10 }, () => gate.knock()).filter((status) => status === 101).length, 5)
  })

  it('L11 holds back one address that connects again and again, at no cost to the others', async () => {
    const gate = new Gate({ addressRate: 10, perAddress: 20, acceptRate: 1_000 })
    let admitted = 0
    for (let i = 0; i < 5_000; i++) {
      if (gate.knock('192.0.2.66') === 101) {
        admitted++
        gate.admission.opened('192.0.2.66')
        gate.admission.closed('192.0.2.66')
      }
      // One ms each: a thousand a second.
      if (i % 100 === 0) assert.equal(gate.knock(`198.51.100.${(i / 100) % 250}`), 101)
      await gate.time.pass(1)
    }
    assert.ok(admitted >= 65 && admitted <= 75, `${admitted} in 5 s: 20 at once and 10 a second`)
    assert.equal(gate.admission.open, 0)
  })

  it('O28 answers 429 to whom too much has failed, and remembers the last 16,384 addresses only', async () => {
    const gate = new Gate({ failures: 10 })
    for (let i = 0; i < 10; i++) {
      assert.equal(gate.knock('192.0.2.66'), 101)
      gate.admission.failed('192.0.2.66')
    }
    assert.equal(gate.knock('192.0.2.66'), 429)
    assert.equal(gate.knock('192.0.2.67'), 101)
    await gate.time.pass(6_100)
    assert.equal(gate.knock('192.0.2.66'), 101)
    gate.admission.failed('192.0.2.66')
    assert.equal(gate.knock('192.0.2.66'), 429)
    for (let i = 0; i < 100_000; i++) gate.admission.failed(`2001:db8:${(i >> 8).toString(16)}:${i & 255}::1`)
    assert.ok(gate.admission.remembered <= 16_384, `${gate.admission.remembered}`)
    await gate.time.pass(60_000)
    assert.equal(gate.knock('192.0.2.66'), 101)
  })

  it('holds what a page does against that page, not against its visitor', () => {
    const gate = new Gate({ failures: 3 })
    const evil = { origin: 'https://evil.example' }
    const picture = { 'sec-fetch-site': 'cross-site' }
    for (const headers of [evil, picture] as Record<string, string>[]) {
      for (let i = 0; i < 3; i++) gate.admission.failed('192.0.2.1', { get: (name) => headers[name] })
      assert.equal(gate.knock('192.0.2.1', headers), 429)
    }
    assert.equal(gate.knock('192.0.2.1', { origin: 'https://app.example' }), 101)
    assert.equal(gate.knock('192.0.2.1', { 'sec-fetch-site': 'same-origin' }), 101)
    assert.equal(gate.knock('192.0.2.1'), 101)
  })

  it('lets nobody in while the loop lags or memory is short, and again when it is well', () => {
    const gate = new Gate({ lag: 200, memory: 1_000_000_000 })
    gate.lag = 201
    assert.equal(gate.knock(), 503)
    gate.lag = 200
    assert.equal(gate.knock(), 101)
    gate.rss = 1_000_000_001
    assert.equal(gate.knock(), 503)
    gate.rss = 1
    gate.full = true
    assert.equal(gate.knock(), 503)
    gate.full = false
    assert.equal(gate.knock(), 101)
    assert.deepEqual(gate.counted, ['lag', 'memory', 'memory'])
  })

  it('cuts a crowd of one address that begins handshakes and does not end them', () => {
    const gate = new Gate({ perAddress: 3 })
    const { admission } = gate
    assert.deepEqual(
      Array.from({ length: 5 }, () => admission.accept('192.0.2.1')),
      [true, true, true, false, false],
    )
    assert.equal(admission.accept('192.0.2.2'), true)
    admission.greeted('192.0.2.1')
    assert.equal(admission.accept('192.0.2.1'), true)
    for (let i = 0; i < 3; i++) admission.greeted('192.0.2.1')
    admission.greeted('192.0.2.2')
    assert.equal(admission.remembered, 0)
  })

  it('looks behind listed proxies, and never holds their address against them', () => {
    const gate = new Gate({ perAddress: 1, failures: 1, trustedProxies: ['10.0.0.0/8'], proxyProtocol: ['10.9.9.9'] })
    const { admission } = gate
    const behind = (client: string): number =>
      gate.knock('::ffff:10.0.0.1', { 'x-forwarded-for': `1.1.1.1, ${client}` })
    assert.equal(behind('192.0.2.1'), 101)
    admission.failed('192.0.2.1')
    assert.equal(behind('192.0.2.1'), 429)
    assert.equal(behind('192.0.2.2'), 101)
    admission.failedUnread('10.0.0.1')
    for (let i = 0; i < 9; i++) assert.ok(admission.accept('10.0.0.1') && admission.accept('10.9.9.9'))
    assert.equal(behind('192.0.2.3'), 101)
    assert.ok(admission.announces('::ffff:10.9.9.9') && !admission.announces('10.0.0.1'))
  })

  it('takes other limits while it runs', () => {
    const gate = new Gate({ connections: 1 })
    gate.admission.opened('192.0.2.1')
    assert.equal(gate.knock(), 503)
    gate.admission.update({ connections: 2 })
    assert.equal(gate.knock(), 101)
    assert.throws(() => gate.admission.update({ connections: 0 }), /admission\.connections must be/)
    assert.equal(gate.admission.settings.connections, 2)
  })

  it('lets peers without an address in, such as those of a local socket', () => {
    const gate = new Gate({ perAddress: 1 })
    const { admission } = gate
    assert.equal(admission.handshake({ headers: new Map(), remoteAddress: undefined }), undefined)
    assert.ok(admission.accept(undefined))
    admission.opened(undefined)
    admission.greeted(undefined)
    admission.failed(undefined)
    admission.closed(undefined)
    assert.equal(admission.open + admission.remembered, 0)
  })
})
