// The judge against another one: whatever it calls safe, ajv takes, value by value.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { judge } from '../../src/diff/judge.ts'
import type { JsonSchema } from '../../src/json-schema.ts'
import { chance, pair, sample } from './schemas.ts'

const ajv = new Ajv({ strict: false, validateFormats: false, validateSchema: false, logger: false })

function valid(of: JsonSchema): (value: unknown) => boolean {
  return ajv.compile(of as object)
}

/** What a client that was built with a contract sends: where it says nothing of other fields, none that it does not name. */
function closed(of: JsonSchema): JsonSchema {
  return rewritten(of, (object) =>
    object['type'] !== 'object' || object['properties'] === undefined || 'additionalProperties' in object
      ? object
      : { ...object, additionalProperties: false },
  )
}

/** What a client reads: it checks nothing, so that more fields and several forms at once do no harm. */
function opened(of: JsonSchema): JsonSchema {
  return rewritten(of, ({ additionalProperties: extra, oneOf, ...rest }) => ({
    ...rest,
    ...(extra === undefined || (extra === false && rest['properties'] !== undefined)
      ? null
      : { additionalProperties: extra }),
    ...(oneOf === undefined ? null : { anyOf: oneOf }),
  }))
}

type Table = Readonly<Record<string, unknown>>

function rewritten(of: JsonSchema, change: (object: Table) => Table): JsonSchema {
  return JSON.parse(JSON.stringify(of), (_key, here: unknown) =>
    typeof here === 'object' && here !== null && !Array.isArray(here) ? change(here as Table) : here,
  ) as JsonSchema
}

for (const direction of ['send', 'read'] as const) {
  test(`what is called safe is taken by ajv, value by value: ${direction}`, (t) => {
    let safe = 0
    let sent = 0
    fc.assert(
      fc.property(pair, fc.nat(), ([comes, taken], seed) => {
        // A value of two forms is one that nobody sends; for who reads it is one.
        if (direction === 'read' && /"(oneOf)"/.test(JSON.stringify([comes, taken]))) return
        if (judge(direction, comes, taken, 'data').length > 0) return
        safe++
        const isSent = valid(closed(comes))
        const takes = valid(direction === 'send' ? taken : opened(taken))
        const next = chance(seed)
        for (let i = 0; i < 40; i++) {
          const value = sample(comes, next)
          if (!isSent(value)) continue
          sent++
          assert.ok(takes(value), `${JSON.stringify(value)} is sent, and not taken`)
        }
      }),
      { numRuns: Number(process.env['RUNS'] ?? 600) },
    )
    t.diagnostic(`${safe} pairs called safe, ${sent} values sent`)
    assert.ok(safe > 100 && sent > 500, `${safe} pairs, ${sent} values`)
  })
}
