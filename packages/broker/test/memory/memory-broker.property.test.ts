// MemoryBroker against a model that keeps everything for ever: any run of appends, waits and questions has the answers
// that the model has.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EntryIds, MemoryBroker } from '@tautline/broker'
import { type Position, systemRandom } from '@tautline/wire'
import fc from 'fast-check'
import { TestClock } from '../clock.ts'

type Step =
  | { readonly op: 'append'; readonly channel: number; readonly keys: readonly (number | null)[] }
  | { readonly op: 'wait'; readonly ms: number }
  | { readonly op: 'read' | 'back'; readonly channel: number; readonly at: number; readonly limit: number }

interface Kept {
  readonly position: Position
  readonly time: number
}

const steps = fc.array(
  fc.oneof(
    fc.record({
      op: fc.constant('append' as const),
      channel: fc.nat(2),
      keys: fc.array(fc.option(fc.nat(5)), { minLength: 1, maxLength: 5 }),
    }),
    fc.record({ op: fc.constant('wait' as const), ms: fc.nat(60) }),
    fc.record({
      op: fc.constantFrom('read' as const, 'back' as const),
      channel: fc.nat(2),
      at: fc.nat(200),
      limit: fc.integer({ min: 1, max: 8 }),
    }),
  ),
  { maxLength: 60, size: 'max' },
)
const rules = fc.record({
  size: fc.integer({ min: 1, max: 8 }),
  ttl: fc.integer({ min: 1, max: 100 }),
  window: fc.integer({ min: 1, max: 100 }),
})

class Model {
  readonly #clock = new TestClock()
  readonly #broker = new MemoryBroker({ clock: this.#clock })
  readonly #ids = new EntryIds(systemRandom)
  readonly #logs: readonly Kept[][] = [[], [], []]
  readonly #keys = new Map<string, Kept>()
  readonly #rule: { size: number; ttl: number; window: number }

  constructor(rule: { size: number; ttl: number; window: number }) {
    this.#rule = rule
  }

  async step(step: Step): Promise<void> {
    if (step.op === 'wait') this.#clock.advance(step.ms)
    else if (step.op === 'append') await this.#append(step.channel, step.keys)
    else await this.#ask(step.op, step.channel, step.at, step.limit)
  }

  async #append(channel: number, keys: readonly (number | null)[]): Promise<void> {
    const log = this.#logs[channel] as Kept[]
    const time = this.#clock.now()
    const batch = keys.map((key) => ({
      id: this.#ids.next(),
      ...(key !== null && { key: String(key) }),
      scope: 's',
      hash: 'h',
      expires: Number.MAX_VALUE,
      body: { json: '1' },
    }))
    const outcomes = await this.#broker.append(`c${channel}`, batch, this.#rule)
    for (const [i, outcome] of outcomes.entries()) {
      assert.ok(outcome.position)
      const name = `${channel} ${keys[i]}`
      const known = keys[i] === null ? undefined : this.#keys.get(name)
      if (known !== undefined && time - known.time < this.#rule.window) {
        assert.deepEqual(outcome, { position: known.position, duplicate: true })
        continue
      }
      assert.equal(outcome.duplicate, undefined)
      assert.equal(outcome.position.offset, log.length + 1)
      assert.equal(outcome.position.id, batch[i]?.id)
      const kept = { position: outcome.position, time }
      log.push(kept)
      if (keys[i] !== null) this.#keys.set(name, kept)
    }
  }

  async #ask(op: 'read' | 'back', channel: number, at: number, limit: number): Promise<void> {
    const log = this.#logs[channel] as Kept[]
    const kept = log[at % (log.length || 1)]
    if (kept === undefined) return
    const { position } = kept
    const served = log.filter(
      (one, i) => i >= log.length - this.#rule.size && this.#clock.now() - one.time < this.#rule.ttl,
    )
    const first = served[0]?.position.offset ?? log.length + 1
    if (op === 'back') {
      const page = await this.#broker.back(`c${channel}`, 'head', limit, 1 << 30, this.#rule)
      assert.ok(page.proof === 'match')
      assert.deepEqual(
        page.entries.map((entry) => entry.off),
        served.slice(-limit).map((one) => one.position.offset),
      )
      assert.equal(page.more, served.length > limit)
      return
    }
    const page = await this.#broker.read(`c${channel}`, position, limit, 1 << 30, this.#rule)
    if (position.offset < first - 1) {
      assert.deepEqual(page, { proof: 'absent', why: 'trimmed', head: log.at(-1)?.position })
      return
    }
    assert.ok(page.proof === 'match')
    const rest = served.filter((one) => one.position.offset > position.offset)
    assert.deepEqual(
      page.entries.map((entry) => entry.id),
      rest.slice(0, limit).map((one) => one.position.id),
    )
    assert.equal(page.more, rest.length > limit)
  }
}

test('any run of appends, waits and questions is answered as by a log that keeps everything', async () => {
  await fc.assert(
    fc.asyncProperty(rules, steps, async (rule, run) => {
      const model = new Model(rule)
      for (const step of run) await model.step(step)
    }),
    { numRuns: 500 },
  )
})
