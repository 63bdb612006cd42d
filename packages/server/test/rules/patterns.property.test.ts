import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { containsPattern, matchesPattern, moreSpecific, overlapPatterns } from '@tautline/wire'
import fc from 'fast-check'
import { Rules } from '../../src/rules/rules.ts'

const words = ['a', 'b', 'c']
/** Every channel of one to four segments of three words: enough to tell patterns of up to three segments apart. */
const channels = words.flatMap(function grow(name: string): string[] {
  return name.split(':').length === 4 ? [name] : [name, ...words.flatMap((word) => grow(`${name}:${word}`))]
})
const segments = fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: 2 })
const pattern = fc
  .tuple(segments, fc.constantFrom('a', 'b', '*', '**'))
  .map(([first, last]) => [...first, last].join(':'))

const matching = (p: string): string[] => channels.filter((channel) => p === channel || matchesPattern(p, channel))

describe('patterns', () => {
  it('cover and meet one another as the channels that they match say', () => {
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        const left = matching(a)
        const right = matching(b)
        assert.equal(
          containsPattern(a, b),
          right.every((channel) => left.includes(channel)),
          `${a} ⊇ ${b}`,
        )
        assert.equal(
          overlapPatterns(a, b),
          right.some((channel) => left.includes(channel)),
          `${a} ∩ ${b}`,
        )
      }),
      { numRuns: 500 },
    )
  })

  it('have one most specific among those that match a channel', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(pattern, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(...channels),
        (all, channel) => {
          const found = all.filter((p) => matching(p).includes(channel)).sort(moreSpecific)
          for (let i = 1; i < found.length; i++) assert.ok(moreSpecific(found[i - 1]!, found[i]!) < 0)
          const rules = new Rules(Object.fromEntries(all.map((p) => [p, {}])))
          assert.equal(rules.for(channel)?.pattern, found[0])
        },
      ),
      { numRuns: 300 },
    )
  })

  it('reach the own rule of every channel that a pattern subscription brings: none is a way round another', () => {
    const configured = fc.dictionary(pattern, fc.constant({}), { minKeys: 1, maxKeys: 6 })
    fc.assert(
      fc.property(configured, pattern, (config, asked) => {
        const found = new Rules({ ...config }).forPattern(asked)
        if (found === null) return
        const own = new Rules({ ...config })
        const reached = new Set(found.reached.map((rule) => rule.pattern))
        for (const channel of matching(asked)) assert.ok(reached.has(own.for(channel)?.pattern ?? ''), channel)
      }),
      { numRuns: 500 },
    )
  })
})
