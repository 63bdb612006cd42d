import assert from 'node:assert/strict'
import { copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { SqliteBroker, type SqliteBrokerOptions } from '@tautline/broker/sqlite'
import { systemRandom } from '@tautline/wire'
import { judgeLineage, readSidecar, sidecarPath, writeSidecar } from '../../src/sqlite/lineage.ts'
import { type RenewalStep, Store, type StoreOptions } from '../../src/sqlite/store.ts'
import { copy, overwrite, type Place, temporaryDirectory } from './places.ts'
import { entriesOf, headOf, put, putMany, verdictOn } from './publishing.ts'

let place: Place
let file: string
let broker: SqliteBroker | null

beforeEach(() => {
  place = temporaryDirectory()
  file = join(place.path, 'store.db')
  broker = null
})
afterEach(async () => {
  await broker?.close()
  place.remove()
})

async function open(options: Partial<SqliteBrokerOptions> = {}): Promise<SqliteBroker> {
  broker = await SqliteBroker.open({ file, ...options })
  return broker
}

async function close(): Promise<void> {
  await broker?.close()
  broker = null
}

const storeOptions = (): StoreOptions => ({
  file,
  durability: 'fsync',
  random: systemRandom,
  wall: () => 1_700_000_000_000,
  cache: 1 << 20,
})

class Crash extends Error {}

/** An opening that ends behind a step. Every step is on the disk before the next begins, so this is what a crash leaves. */
function crashBehind(step: RenewalStep): void {
  const files = ['', '-wal', '-lineage'].map((end) => `${file}${end}`)
  let left = new Map<string, string | null>()
  const stop = (): void => {
    // Another process reads them: a descriptor closed here would end the locks. What SQLite does on the way out is undone.
    left = new Map(files.map((path) => [path, existsSync(path) ? `${path}.left` : null]))
    for (const [path, to] of left) if (to !== null) copy(path, to)
    throw new Crash()
  }
  assert.throws(() => Store.open(storeOptions(), (at) => (at === step ? stop() : undefined)))
  for (const [path, from] of left) {
    if (from === null) rmSync(path, { force: true })
    else overwrite(from, path)
  }
}

const STEPS: readonly RenewalStep[] = ['announced', 'marked', 'settled']

test('the table of verdicts', () => {
  const found = { inode: '7', birth: '1', wal: true, boot: 'x' }
  const recorded = { nonce: 'a', inode: '7', birth: '1' }
  const verdicts: [string, Parameters<typeof judgeLineage>][] = [
    ['same', [{ settled: 'a' }, recorded, found]],
    ['same', [{ settled: 'a', next: 'b' }, recorded, found]],
    ['same', [{ settled: 'z', next: 'a' }, recorded, found]],
    ['changed', [{ settled: 'b' }, recorded, found]],
    ['changed', [{ settled: 'b', next: 'c' }, recorded, found]],
    ['changed', [null, recorded, found]],
    ['changed', [{ settled: 'a' }, recorded, { ...found, inode: '8' }]],
    ['changed', [{ settled: 'a' }, recorded, { ...found, birth: '2' }]],
    ['same', [{ settled: 'a' }, recorded, { ...found, birth: '' }]],
    ['same', [{ settled: 'a' }, { ...recorded, birth: '' }, found]],
    ['same', [{ settled: 'a', open: '1' }, recorded, found]],
    ['changed', [{ settled: 'a', open: '1' }, recorded, { ...found, wal: false }]],
    ['same', [{ settled: 'a' }, recorded, { ...found, wal: false }]],
    ['same', [{ settled: 'a', boot: 'x' }, recorded, found]],
    ['changed', [{ settled: 'a', boot: 'w' }, recorded, found]],
  ]
  for (const [i, [verdict, question]] of verdicts.entries())
    assert.equal(judgeLineage(...question), verdict, `row ${i}`)
})

test('any run of crashes between the steps of an opening changes nothing: positions hold, no fence', async () => {
  const runs = [...STEPS.map((a) => [a]), ...STEPS.flatMap((a) => STEPS.map((b) => [a, b])), [...STEPS, ...STEPS]]
  await open()
  const positions = await putMany(broker as SqliteBroker, 'a', 3)
  await close()
  for (const run of runs) {
    for (const step of run) crashBehind(step)
    const again = await open()
    for (const position of positions) assert.equal(await verdictOn(again, 'a', position), 'match', run.join())
    positions.push(await put(again, 'a'))
    const fences = (await entriesOf(again, 'a')).filter((entry) => entry.fence !== undefined)
    assert.equal(fences.length, 1, `after ${run.join()}: the fence of the first entry alone`)
    await close()
  }
})

test('the first opening of a file can crash anywhere: the next one creates the store', async () => {
  for (const step of STEPS) {
    crashBehind(step)
    const again = await open()
    const position = await put(again, 'a')
    assert.equal((await entriesOf(again, 'a'))[0]?.fence?.loss, 'none')
    assert.equal(position.offset, 1)
    await close()
    for (const end of ['', '-wal', '-lineage']) rmSync(`${file}${end}`, { force: true })
  }
})

/** A backup is in the place of the file: the survivors lead on through a fence, the vanished are diverged. */
async function expectChanged(survivors: number, vanished: number, what: string): Promise<void> {
  const before = (await entriesOf(broker as SqliteBroker, 'a')).map(({ epoch, off, id }) => ({
    epoch,
    offset: off,
    id,
  }))
  assert.equal(before.length, survivors + vanished, what)
  await close()
  assert.ok(existsSync(`${file}.bak`))
  overwrite(`${file}.bak`, file)
  const logged: string[] = []
  const again = await open({ log: (event) => logged.push(event) })
  assert.deepEqual(logged, ['sqlite.lineage'], what)
  for (const [i, position] of before.entries()) {
    assert.equal(await verdictOn(again, 'a', position), i < survivors ? 'match' : 'diverged', `${what}: ${i}, before`)
  }
  const head = before[survivors - 1]
  const written = await putMany(again, 'a', vanished + 1)
  const [first] = await entriesOf(again, 'a', head)
  assert.deepEqual(first?.fence, { ev: 'fence', ch: 'a', from: head, epoch: written[0]?.epoch, loss: 'possible' }, what)
  for (const [i, position] of before.entries()) {
    assert.equal(await verdictOn(again, 'a', position), i < survivors ? 'match' : 'diverged', `${what}: ${i}, after`)
  }
}

test('a backup written over the file fences, and tells who had seen more (tautline.v1 §4)', async () => {
  await open()
  await putMany(broker as SqliteBroker, 'a', 3)
  await close()
  copyFileSync(file, `${file}.bak`)
  await open()
  await putMany(broker as SqliteBroker, 'a', 4)
  await expectChanged(3, 4, 'a backup of the session before')
})

test('a backup is recognised whatever crashed between: once changed, changed until an opening is completed', async () => {
  // What has changed is not announced.
  const runs: RenewalStep[][] = [
    ['marked'],
    ['marked', 'marked'],
    ['settled'],
    ['marked', 'settled', 'announced', 'marked'],
  ]
  for (const run of runs) {
    await open()
    const start = (await headOf(broker as SqliteBroker, 'a')).offset
    await putMany(broker as SqliteBroker, 'a', 2)
    await close()
    copyFileSync(file, `${file}.bak`)
    await open()
    await put(broker as SqliteBroker, 'a')
    await close()
    overwrite(`${file}.bak`, file)
    for (const step of run) crashBehind(step)
    const again = await open()
    await put(again, 'a')
    const fenced = (await entriesOf(again, 'a')).filter((entry) => entry.off > start + 1 && entry.fence !== undefined)
    assert.equal(fenced.at(-1)?.fence?.loss, 'possible', `crashes behind ${run.join()}`)
    await close()
  }
})

test('a backup of the last minutes before a kill is recognised by the WAL that went with it', async () => {
  const store = Store.open(storeOptions())
  store.checkpoint()
  const files = ['', '-wal', '-lineage'].map((end) => `${file}${end}`)
  for (const path of files) copy(path, `${path}.killed`)
  store.close()
  for (const wal of [true, false]) {
    for (const path of files) overwrite(`${path}.killed`, path)
    if (!wal) rmSync(`${file}-wal`)
    const again = Store.open(storeOptions())
    assert.equal(again.changed, !wal)
    again.close()
  }
})

test('a backup of a running store is recognised once the nonce was renewed, also beside the WAL of a kill', async () => {
  const store = Store.open(storeOptions())
  store.checkpoint()
  copy(file, `${file}.bak`)
  store.renew()
  store.transaction(() => store.sql.addChannel.run('a', 1, 1))
  const files = ['', '-wal', '-lineage'].map((end) => `${file}${end}`)
  for (const path of files) copy(path, `${path}.killed`)
  store.close()
  for (const path of files) overwrite(`${path}.killed`, path)
  overwrite(`${file}.bak`, file)
  const again = Store.open(storeOptions())
  assert.equal(again.changed, true)
  again.close()
})

test('a killed session is continued: its WAL is there, nothing is fenced', async () => {
  await open()
  const positions = await putMany(broker as SqliteBroker, 'a', 3)
  for (const end of ['', '-wal', '-lineage']) copy(`${file}${end}`, `${file}.killed${end}`)
  await close()
  for (const end of ['', '-wal', '-lineage']) overwrite(`${file}.killed${end}`, `${file}${end}`)
  const again = await open({ log: (event) => assert.fail(event) })
  for (const position of positions) assert.equal(await verdictOn(again, 'a', position), 'match')
  await put(again, 'a')
  assert.equal((await entriesOf(again, 'a', positions[2]))[0]?.fence, undefined)
})

test('a missing or unreadable sidecar, and a file that was copied elsewhere, are another lineage', async () => {
  const spoil: Record<string, () => void> = {
    missing: () => rmSync(sidecarPath(file)),
    unreadable: () => writeFileSync(sidecarPath(file), '{"settled":7'),
    'of another kind': () => writeFileSync(sidecarPath(file), 'null'),
    copied: () => {
      copyFileSync(file, `${file}.copy`)
      rmSync(file)
      copyFileSync(`${file}.copy`, file)
    },
  }
  for (const [what, how] of Object.entries(spoil)) {
    await open()
    const position = await put(broker as SqliteBroker, 'a')
    await close()
    how()
    const again = await open()
    assert.equal(await verdictOn(again, 'a', position), 'match', `${what}: an id still proves itself`)
    await put(again, 'a')
    assert.equal((await entriesOf(again, 'a', position))[0]?.fence?.loss, 'possible', what)
    await close()
  }
})

test("with durability 'process' a restart of the machine is a change of lineage, unless the store was closed", async () => {
  await open({ durability: 'process' })
  const position = await put(broker as SqliteBroker, 'a')
  assert.equal(typeof readSidecar(file)?.boot, 'string')
  await close()
  const closed = readSidecar(file)
  assert.equal(closed?.boot, undefined)
  assert.ok(closed)
  writeSidecar(file, { ...closed, boot: 'another start of the machine' })
  await open({ durability: 'fsync' })
  await put(broker as SqliteBroker, 'a')
  assert.equal((await entriesOf(broker as SqliteBroker, 'a', position))[0]?.fence?.loss, 'possible')
})

test('an empty inbox is not lost by a change of lineage; its first entry says that others may have vanished', async () => {
  await open()
  const unwritten = await headOf(broker as SqliteBroker, 'inbox')
  await close()
  rmSync(sidecarPath(file))
  const again = await open()
  assert.equal(await verdictOn(again, 'inbox', unwritten), 'match')
  assert.notEqual((await headOf(again, 'inbox')).epoch, unwritten.epoch)
  await put(again, 'inbox')
  const [first] = await entriesOf(again, 'inbox', unwritten)
  assert.equal(first?.fence?.loss, 'possible')
})

test('a backup that begins in the middle of a commit is made all the same', async () => {
  const store = await open()
  let publishing = true
  const publishers = Array.from({ length: 8 }, async (_, n) => {
    while (publishing) await putMany(store, `a${n}`, 20)
  })
  for (let i = 0; i < 25; i++) await store.backup(`${file}.${i}`)
  publishing = false
  await Promise.all(publishers)
  await close()
})

test('a backup made while others publish is whole, and recognised when it is put back, at once or later', async () => {
  const store = await open()
  const positions = await putMany(store, 'a', 200)
  let publishing = true
  const publisher = (async () => {
    while (publishing) positions.push(await put(store, 'a'))
  })()
  await store.backup(`${file}.bak`)
  publishing = false
  await publisher
  await assert.rejects(store.backup(`${file}.bak`), /exists: name a new file/)
  await close()
  overwrite(`${file}.bak`, file)
  const logged: string[] = []
  const again = await open({ log: (event) => logged.push(event) })
  assert.deepEqual(logged, ['sqlite.lineage'])
  const survivors = (await entriesOf(again, 'a')).length
  assert.ok(survivors >= 200 && survivors <= positions.length)
  for (const [i, position] of positions.entries()) {
    assert.equal(await verdictOn(again, 'a', position), i < survivors ? 'match' : 'diverged')
  }
})
