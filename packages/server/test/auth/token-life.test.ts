import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Expiries } from '../../src/auth/expiries.ts'
import { TokenLife } from '../../src/auth/token-life.ts'
import { Time } from '../presence/clock.ts'

test('another token is asked for 30 s ahead, or at half a short life; it ends at its end and at most 50 ms behind', async () => {
  for (const [life, asked] of [
    [2_000, 1_000],
    [40_000, 20_000],
    [3_600_000, 3_570_000],
    [86_400_000, 86_370_000],
  ] as const) {
    const time = new Time()
    const begun = time.now()
    const said: [string, number, number][] = []
    const one = new TokenLife(new Expiries(time), {
      ask: (within) => said.push(['ask', time.now() - begun, within]),
      end: () => said.push(['end', time.now() - begun, 0]),
    })
    one.begin(life)
    await time.pass(life + 100)
    const [[, askedAt, within], [, endedAt]] = said as [[string, number, number], [string, number, number]]
    assert.ok(askedAt >= asked && askedAt <= asked + 50, `asked at ${askedAt}`)
    assert.ok(endedAt >= life && endedAt <= life + 50, `ended at ${endedAt}`)
    assert.equal(within, life - asked)
    assert.equal(said.length, 2)
    assert.equal(time.pending, 0)
  }
})

test('a new token in time takes the place of the old one; one that does not end asks for nothing', async () => {
  const time = new Time()
  const said: string[] = []
  const one = new TokenLife(new Expiries(time), { ask: () => said.push('ask'), end: () => said.push('end') })
  one.begin(2_000)
  for (let i = 0; i < 30; i++) {
    await time.pass(1_500)
    one.begin(2_000)
  }
  assert.deepEqual(said, Array(30).fill('ask'))
  one.begin(Number.POSITIVE_INFINITY)
  await time.pass(100_000)
  one.begin(-5)
  await time.pass(50)
  assert.deepEqual(said.slice(30), ['end'])
  one.begin(1_000)
  one.stop()
  assert.equal(time.pending, 0)
})
