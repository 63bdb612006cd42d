import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { SqliteBroker, StoreOpenError } from '@tautline/broker/sqlite'
import { Random } from '@tautline/testkit'
import { type Position, RealtimeError } from '@tautline/wire'
import { copy, overwrite, type Place, temporaryDirectory } from './places.ts'
import { entriesOf, KILL_RULE, publication, put, verdictOn } from './publishing.ts'

let place: Place
let file: string

beforeEach(() => {
  place = temporaryDirectory()
  file = join(place.path, 'store.db')
})
afterEach(() => place.remove())

interface Acknowledged {
  readonly channel: string
  readonly position: Position
  /** Bytes of the WAL when it was acknowledged. */
  readonly wal: number
}

const ENDS = ['', '-wal', '-lineage']

/** A session that is killed after `count` commits on three channels: the files as they are left, and what was told. */
async function killedSession(count: number): Promise<readonly Acknowledged[]> {
  const broker = await SqliteBroker.open({ file })
  const told: Acknowledged[] = []
  for (let i = 0; i < count; i++) {
    const channel = `c${i % 3}`
    const position = await put(broker, channel, publication({ key: `k${i}`, hash: 'h' }, 10 + 97 * (i % 20)))
    told.push({ channel, position, wal: statSync(`${file}-wal`).size })
  }
  for (const end of ENDS) copy(`${file}${end}`, `${file}.killed${end}`)
  await broker.close()
  return told
}

function restore(): void {
  for (const end of ENDS) overwrite(`${file}.killed${end}`, `${file}${end}`)
}

/** Ids by channel; null: refused, with a code. */
async function contents(): Promise<Map<string, readonly string[]> | null> {
  let broker: SqliteBroker
  try {
    broker = await SqliteBroker.open({ file })
  } catch (error) {
    assert.ok(error instanceof StoreOpenError, `${error}`)
    return null
  }
  try {
    const found = new Map<string, readonly string[]>()
    for (const channel of ['c0', 'c1', 'c2'])
      found.set(
        channel,
        (await entriesOf(broker, channel)).map(({ id }) => id),
      )
    return found
  } catch (error) {
    assert.ok(error instanceof RealtimeError && error.code === 'unavailable', `${error}`)
    return null
  } finally {
    await broker.close()
  }
}

test('a WAL torn at any byte: what was committed up to there is back, in order, and nothing else', async () => {
  const told = await killedSession(45)
  const size = statSync(`${file}.killed-wal`).size
  const random = new Random(5)
  const commits = told.map(({ wal }) => wal)
  const cuts = [...commits, ...commits.map((at) => at - 1), ...Array.from({ length: 80 }, () => random.below(size))]
  const first = commits[0] as number
  for (const cut of cuts.filter((at) => at >= first)) {
    restore()
    truncateSync(`${file}-wal`, cut)
    const found = await contents()
    assert.ok(found, `cut at ${cut} of ${size}: a torn tail is no reason to refuse`)
    for (const channel of ['c0', 'c1', 'c2']) {
      const expected = told
        .filter((one) => one.channel === channel && one.wal <= cut)
        .map(({ position }) => position.id)
      assert.deepEqual(found.get(channel), expected, `cut at ${cut} of ${size}: ${channel}`)
    }
  }
})

test('a WAL with a wrong byte anywhere: what was committed before it is back, and nothing after it', async () => {
  const told = await killedSession(30)
  const size = statSync(`${file}.killed-wal`).size
  const random = new Random(6)
  const first = told[0]?.wal as number
  for (let round = 0; round < 60; round++) {
    restore()
    const at = random.between(first, size - 1)
    const bytes = readFileSync(`${file}-wal`)
    bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
    writeFileSync(`${file}-wal`, bytes, { flag: 'r+' })
    const found = await contents()
    assert.ok(found, `byte ${at} of ${size}`)
    for (const channel of ['c0', 'c1', 'c2']) {
      const expected = told.filter((one) => one.channel === channel && one.wal <= at).map(({ position }) => position.id)
      assert.deepEqual(found.get(channel), expected, `byte ${at} of ${size}: ${channel}`)
    }
  }
})

test('whoever had seen an entry that went with a torn WAL is told diverged, never recovered, whatever follows', async () => {
  const told = await killedSession(12)
  restore()
  truncateSync(`${file}-wal`, told[5]?.wal as number)
  const broker = await SqliteBroker.open({ file })
  for (let i = 0; i < 4; i++) {
    for (const [n, { channel, position }] of told.entries()) {
      assert.equal(await verdictOn(broker, channel, position), n <= 5 ? 'match' : 'diverged', `${n}, after ${i} more`)
    }
    for (const channel of ['c0', 'c1', 'c2']) await put(broker, channel)
  }
  await broker.close()
})

test('a file cut short anywhere is refused with a code, or nothing of it is missing', async () => {
  const told = await killedSession(45)
  rmSync(`${file}-wal`, { force: true })
  copy(file, `${file}.whole`)
  copy(`${file}-lineage`, `${file}.whole-lineage`)
  const size = statSync(file).size
  const random = new Random(7)
  const pages = Array.from({ length: size / 4096 }, (_, i) => i * 4096)
  let refused = 0
  for (const cut of [...pages, ...Array.from({ length: 40 }, () => random.below(size))]) {
    for (const end of ['', '-lineage']) overwrite(`${file}.whole${end}`, `${file}${end}`)
    truncateSync(file, cut)
    const found = await contents()
    if (found === null) refused++
    else {
      for (const { channel, position } of told) assert.ok(found.get(channel)?.includes(position.id), `cut at ${cut}`)
    }
  }
  assert.ok(refused >= pages.length, `${refused} refused`)
})

test('copies made while a publisher writes: refused, unreadable, or a log whose every link holds', async () => {
  const argv = [join(import.meta.dirname, 'publisher.ts'), file, 'r', '3']
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end()
  await new Promise<void>((resolve, reject) => {
    let said = ''
    child.once('close', (code) => reject(new Error(`the publisher ended with ${code}`)))
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      if (said.length < 1_000) said += piece
      if (said.includes('ready\n')) resolve()
    })
  })
  try {
    for (let round = 0; round < 12; round++) {
      const to = join(place.path, `copy${round}.db`)
      const ends = round % 2 === 0 ? ['', '-wal'] : ['-wal', '']
      for (const end of ends) copy(`${file}${end}`, `${to}${end}`)
      await checkCopy(to)
    }
  } finally {
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('close', resolve))
  }
})

async function checkCopy(path: string): Promise<void> {
  const broker = await SqliteBroker.open({ file: path }).catch((error: unknown) => {
    assert.ok(error instanceof StoreOpenError, `${error}`)
    return null
  })
  if (broker === null) return
  try {
    for (const channel of ['c0', 'c1', 'c2']) {
      const entries = await entriesOf(broker, channel, 'start', KILL_RULE)
      for (const [i, entry] of entries.entries()) assert.equal(entry.off, (entries[0]?.off ?? 0) + i)
      const [outcome] = await broker.append(channel, [publication()], KILL_RULE)
      if (outcome?.fail !== undefined || entries.length === 0) continue
      const last = entries.at(-1)
      const [next] = await entriesOf(
        broker,
        channel,
        outcome?.position && last ? { epoch: last.epoch, offset: last.off, id: last.id } : 'start',
      )
      assert.equal(next?.fence?.loss, 'possible', 'a copy is another lineage')
    }
  } catch (error) {
    assert.ok(error instanceof RealtimeError && error.code === 'unavailable', `${error}`)
  } finally {
    await broker.close()
  }
}
