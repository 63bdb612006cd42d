import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '@tautline/testkit'
import fc from 'fast-check'
import { TimerWheel, type WheelClock, type WheelEntry } from '../src/timer-wheel.ts'

const TICK = 100

class Entry implements WheelEntry {
  wheelPrevious: WheelEntry | null = null
  wheelNext: WheelEntry | null = null
  wheelTick = 0
  readonly name: number
  readonly fired: (entry: Entry) => void
  constructor(name: number, fired: (entry: Entry) => void) {
    this.name = name
    this.fired = fired
  }
  onDeadline(): void {
    this.fired(this)
  }
}

function wheelOn(clock: VirtualClock): TimerWheel {
  const wheelClock: WheelClock = {
    now: clock.now,
    setTimer: (callback, ms) => clock.setTimeout(callback, ms),
    clearTimer: (timer) => clock.clearTimeout(timer as number),
  }
  return new TimerWheel(wheelClock, TICK)
}

/** A wheel that notes what fires when. */
function noting(start = 0): {
  clock: VirtualClock
  wheel: TimerWheel
  log: [number, number][]
  entry: (name: number) => Entry
} {
  const clock = new VirtualClock(start)
  const log: [number, number][] = []
  return {
    clock,
    wheel: wheelOn(clock),
    log,
    entry: (name) => new Entry(name, () => log.push([name, clock.now()])),
  }
}

describe('the timer wheel', () => {
  it('fires never early, and at most one tick late', () => {
    const { clock, wheel, log, entry } = noting(12_345.6)
    const delays = [0, 1, 99, 100, 101, 5000, 51_199, 51_200, 51_201, 120_000, 1_000_000]
    delays.forEach((delay, i) => {
      wheel.set(entry(i), delay)
    })
    clock.advance(2_000_000)
    assert.deepEqual(
      log.map(([name]) => name),
      delays.map((_, i) => i),
    )
    for (const [name, at] of log) {
      const late = at - 12_345.6 - (delays[name] as number)
      assert.ok(late >= 0 && late <= TICK, `${delays[name]} ms fired ${late} ms late`)
    }
    assert.equal(wheel.size, 0)
    assert.equal(clock.pending, 0, 'no timer runs while nothing waits')
  })

  it('fires what is due soon on time, though a callback set itself for much later', () => {
    const { clock, wheel, log, entry } = noting()
    const again = new Entry(1, () => {
      log.push([1, clock.now()])
      wheel.set(again, 25_000)
    })
    wheel.set(again, 1000)
    wheel.set(entry(2), 5000)
    clock.advance(6000)
    assert.deepEqual(log, [
      [1, 1000],
      [2, 5000],
    ])
  })

  it('fires the others although one callback throws, at once', () => {
    const { clock, wheel, log, entry } = noting()
    const again = new Entry(0, () => wheel.set(again, 60_000))
    wheel.set(again, 1000)
    wheel.set(
      new Entry(1, () => {
        throw new Error('mine')
      }),
      1000,
    )
    wheel.set(entry(2), 1000)
    assert.throws(() => clock.advance(1000), /mine/)
    clock.advance(0)
    assert.deepEqual(log, [[2, 1000]])
  })

  it('replaces a deadline, and forgets one that is cleared', () => {
    const { clock, wheel, log, entry } = noting()
    const [moved, cleared] = [entry(1), entry(2)]
    wheel.set(moved, 1000)
    wheel.set(moved, 3000)
    wheel.set(cleared, 1000)
    wheel.clear(cleared)
    wheel.clear(cleared)
    assert.equal(wheel.size, 1)
    clock.advance(10_000)
    assert.deepEqual(log, [[1, 3000]])
  })

  it('never fires what waits for ever', () => {
    const { clock, wheel, log, entry } = noting()
    const one = entry(1)
    wheel.set(one, 1000)
    wheel.set(one, Number.POSITIVE_INFINITY)
    assert.equal(wheel.size, 0)
    clock.advance(1_000_000)
    assert.deepEqual(log, [])
    wheel.set(one, 100)
    clock.advance(1000)
    assert.equal(log.length, 1)
  })

  it('fires everything after a long stall, once', () => {
    let now = 0
    let timer: (() => void) | null = null
    const wheel = new TimerWheel(
      {
        now: () => now,
        setTimer: (callback) => {
          timer = callback
          return 1
        },
        clearTimer: () => {
          timer = null
        },
      },
      TICK,
    )
    const log: number[] = []
    for (let i = 0; i < 2000; i++) wheel.set(new Entry(i, () => log.push(i)), i * 137)
    // The machine slept: the one timer comes late, with half of them due, then with all.
    for (const late of [137_000, 3_600_000]) {
      now = late
      for (let rounds = 0; timer !== null && rounds < 3; rounds++) {
        const due: () => void = timer
        timer = null
        due()
      }
      assert.equal(log.length, late === 137_000 ? 1001 : 2000)
    }
    assert.equal(new Set(log).size, 2000)
    assert.equal(wheel.size, 0)
  })

  it('keeps one timer however many entries wait', () => {
    const { clock, wheel, entry } = noting()
    for (let i = 0; i < 1000; i++) wheel.set(entry(i), 1000 + i)
    assert.equal(clock.pending, 1)
  })

  type Step = { at: number; entry: number; act: 'set' | 'clear'; ms: number }
  const step: fc.Arbitrary<Step> = fc.record({
    at: fc.nat(3000),
    entry: fc.nat(7),
    act: fc.constantFrom('set' as const, 'set' as const, 'clear' as const),
    ms: fc.oneof(fc.nat(300), fc.nat(20_000), fc.nat(200_000)),
  })

  it('does what a sorted list does, with callbacks that set and clear others', () => {
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.array(step, { maxLength: 30 }),
        fc.array(step, { maxLength: 30 }),
        (start, steps, inside) => {
          const clock = new VirtualClock(start)
          const wheel = wheelOn(clock)
          // The naive reference: what waits, and until when.
          const waits = new Map<number, number>()
          let next = 0
          const act = ({ entry, act: what, ms }: Step): void => {
            if (what === 'set') {
              wheel.set(entries[entry] as Entry, ms)
              waits.set(entry, clock.now() + ms)
            } else {
              wheel.clear(entries[entry] as Entry)
              waits.delete(entry)
            }
            assert.equal(wheel.size, waits.size)
          }
          const entries = Array.from(
            { length: 8 },
            (_, i) =>
              new Entry(i, () => {
                const due = waits.get(i)
                assert.ok(due !== undefined, `${i} fired though it does not wait`)
                assert.ok(clock.now() >= due, 'early')
                assert.ok(clock.now() <= due + TICK + 1e-6, `${clock.now() - due} ms late`)
                waits.delete(i)
                const more = inside[next++]
                if (more !== undefined) act(more)
              }),
          )
          for (const one of steps) {
            clock.advance(one.at)
            for (const [i, due] of waits) assert.ok(due + TICK >= clock.now(), `${i} did not fire`)
            act(one)
          }
          clock.advance(10_000_000)
          assert.equal(waits.size, 0)
          assert.equal(clock.pending, 0)
        },
      ),
      { numRuns: 500 },
    )
  })
})
