/** Every close code from 0 to 5,099 and every two-byte text, against our server: one connection each, whole. */
import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { after, before, describe, test } from 'node:test'
import { buildFrame, closePayload } from '@tautline/testkit'
import type { ServerCase } from '../cases/case.ts'
import { text } from '../cases/case.ts'
import { mayBeSent } from '../cases/own-close.ts'
import { runServerCase, type ServerTarget } from '../run/server.ts'
import { tautlineServer } from '../run/tautline.ts'
import { WHOLE } from '../run/variants.ts'

async function run(target: ServerTarget, cases: readonly ServerCase[]): Promise<void> {
  const queue = [...cases]
  const problems: string[] = []
  const lane = async (): Promise<void> => {
    for (let one = queue.pop(); one !== undefined; one = queue.pop()) {
      const { problem } = await runServerCase(target, one, WHOLE)
      if (problem !== null) problems.push(`${one.title}: ${problem}`)
    }
  }
  await Promise.all(Array.from({ length: 16 }, lane))
  assert.deepEqual(problems, [])
}

describe('sweeps', () => {
  let target: ServerTarget
  before(async () => {
    target = await tautlineServer()
  })
  after(() => target.stop())

  test('every close code is accepted or refused as RFC 6455 §7.4 says', () =>
    run(
      target,
      Array.from({ length: 5100 }, (_, code) => ({
        id: `K${code}`,
        rfc: '7.4',
        title: `code ${code}`,
        required: [`CLOSE:${mayBeSent(code) ? code : 1002}`],
        input: () => buildFrame({ opcode: 8, payload: closePayload(code), mask: true }),
      })),
    ))

  for (let high = 0; high < 256; high += 16) {
    test(`every text of two bytes from ${high.toString(16)} 00 on is accepted or refused as RFC 3629 says`, () => {
      const cases: ServerCase[] = []
      for (let first = high; first < high + 16; first++) {
        for (let second = 0; second < 256; second++) {
          // ASCII pairs differ in nothing that matters here.
          if (first < 0x80 && second < 0x80 && second % 16 !== 0) continue
          const payload = Buffer.from([first, second])
          const good = isUtf8(payload)
          cases.push({
            id: `U${first}-${second}`,
            rfc: '8.1',
            title: payload.toString('hex'),
            required: [good ? 'ECHO' : 'CLOSE:1007'],
            input: () => buildFrame({ opcode: 1, payload, mask: true }),
            ...(good ? { echo: [text(payload.toString())] } : {}),
          })
        }
      }
      return run(target, cases)
    })
  }
})
