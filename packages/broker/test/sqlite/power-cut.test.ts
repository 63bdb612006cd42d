import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SqliteBroker } from '@tautline/broker/sqlite'
import { Random } from '@tautline/testkit'
import { overwrite, type Place, temporaryDirectory } from './places.ts'
import { preloadSync, withoutCompiler } from './preload.ts'
import { entriesOf, KILL_RULE } from './publishing.ts'

const PUBLISHER = join(import.meta.dirname, 'publisher.ts')

/** Publishes until it is killed; gives what was acknowledged: channel, id. */
async function publish(file: string, durable: string, run: string, ms: number, preload: object): Promise<string[][]> {
  const env = { ...process.env, ...preload, DURABLE: durable }
  const child = spawn(process.execPath, [PUBLISHER, file, run, '4'], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end()
  let said = ''
  let timer: NodeJS.Timeout | undefined
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    said += piece
    if (said.includes('ready\n')) timer ??= setTimeout(() => child.kill('SIGKILL'), ms)
  })
  await new Promise((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  const lines = said.slice(0, said.lastIndexOf('\n')).split('\n')
  return lines.filter((line) => line.startsWith('ack ')).map((line) => line.split(' '))
}

/** Nothing but what was synced survives. */
function cutPower(place: Place, file: string): void {
  for (const end of ['', '-wal']) {
    const kept = join(place.path, 'durable', `store.db${end}`)
    if (existsSync(kept)) overwrite(kept, `${file}${end}`)
    else rmSync(`${file}${end}`, { force: true })
  }
}

test('a power cut that takes everything that was not synced: acknowledged is there, positions hold, no fence', {
  skip: withoutCompiler,
}, async () => {
  const place = temporaryDirectory()
  try {
    const preload = preloadSync(place.path)
    mkdirSync(join(place.path, 'durable'))
    const file = join(place.path, 'store.db')
    const random = new Random(9)
    const acknowledged: string[][] = []
    for (let round = 0; round < 6; round++) {
      const before = acknowledged.length
      const ms = random.between(50, 500)
      acknowledged.push(...(await publish(file, join(place.path, 'durable'), `r${round}`, ms, preload)))
      assert.ok(acknowledged.length > before)
      cutPower(place, file)
      const broker = await SqliteBroker.open({ file, log: (event) => assert.fail(event) })
      const ids = new Map<string, Set<string>>()
      for (let i = 0; i < 4; i++) {
        const entries = await entriesOf(broker, `c${i}`, 'start', KILL_RULE)
        ids.set(`c${i}`, new Set(entries.map(({ id }) => id)))
        assert.ok(entries.every((entry) => (entry.fence !== undefined) === (entry.off === 1)))
      }
      for (const [, channel = '', key, , , id = ''] of acknowledged)
        assert.ok(ids.get(channel)?.has(id), `round ${round}: ${key}`)
      await broker.close()
    }
  } finally {
    place.remove()
  }
})
