import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LIFECYCLE, type LifecycleEvent, next, State, type StateName } from '../src/lifecycle.ts'

const NAMES = Object.keys(State) as StateName[]
const EVENTS: LifecycleEvent[] = ['close sent', 'close received', 'violation', 'abandoned', 'transport ended']

describe('the lifecycle table (RFC 6455 §7)', () => {
  it('has a row for every state and no other', () => {
    assert.deepEqual(Object.keys(LIFECYCLE).sort(), [...NAMES].sort())
  })

  it('names only states and events that exist', () => {
    for (const row of Object.values(LIFECYCLE)) {
      for (const [event, to] of Object.entries(row)) {
        assert.ok(EVENTS.includes(event as LifecycleEvent), event)
        assert.ok(to in State, to)
      }
    }
  })

  it('is what next() does, and an absent cell changes nothing', () => {
    for (const from of NAMES) {
      for (const event of EVENTS) assert.equal(next(State[from], event), State[LIFECYCLE[from][event] ?? from])
    }
  })

  it('never goes back: every step leads to a later state', () => {
    for (const from of NAMES) {
      for (const to of Object.values(LIFECYCLE[from])) assert.ok(State[to] > State[from], `${from} → ${to}`)
    }
  })

  it('reaches every state from OPEN, and CLOSED from every other', () => {
    const seen = new Set<StateName>(['OPEN'])
    for (const from of seen) for (const to of Object.values(LIFECYCLE[from])) seen.add(to)
    assert.deepEqual([...seen].sort(), [...NAMES].sort())
    for (const from of NAMES) assert.equal(next(State[from], 'transport ended'), State.CLOSED)
  })

  it('keeps OPEN at 0, for the hot path tests one falsy integer', () => {
    assert.equal(State.OPEN, 0)
    assert.ok(Object.isFrozen(State) && Object.isFrozen(LIFECYCLE))
  })
})
