import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { type OpenFailure, SqliteBroker, StoreOpenError } from '@tautline/broker/sqlite'
import { fill, type Place, smallFileSystem, temporaryDirectory, withoutTmpfs } from './places.ts'
import { put } from './publishing.ts'

let place: Place

before(() => {
  place = temporaryDirectory()
})
after(() => place.remove())

async function refused(file: string, code: OpenFailure, says: RegExp): Promise<void> {
  await assert.rejects(SqliteBroker.open({ file }), (error) => {
    assert.ok(error instanceof StoreOpenError, `${error}`)
    assert.equal(error.code, code)
    assert.equal(error.file, file)
    assert.match(error.message, says)
    return true
  })
}

const OPENER = `
  import { SqliteBroker } from '@tautline/broker/sqlite'
  try {
    await SqliteBroker.open({ file: process.argv[1] })
    process.stdout.write('open\\n')
    setInterval(() => {}, 1_000)
  } catch (error) {
    process.stdout.write(error.code + ': ' + error.message + '\\n')
    process.exit(1)
  }`
const OPENER_ARGUMENTS = ['--input-type=module', '-e', OPENER]

test('a directory that does not exist is named', async () => {
  await refused(join(place.path, 'nowhere', 'store.db'), 'missing-directory', /nowhere" does not exist: create it/)
})

test('what is no path of a file is refused', async () => {
  for (const file of ['', ':memory:', 'file:store.db']) await refused(file, 'no-access', /use MemoryBroker/)
  await refused(place.path, 'not-a-database', /is a directory: name a file in it/)
})

test('a file that is no database is refused and left as it is', async () => {
  const file = join(place.path, 'notes.txt')
  const text = 'These are notes and no database.\n'.repeat(200)
  writeFileSync(file, text)
  await refused(file, 'not-a-database', /is not a SQLite database: name another file/)
  assert.equal(readFileSync(file, 'utf8'), text)
})

test("another program's database is refused and left as it is", async () => {
  const file = join(place.path, 'shop.db')
  const db = new DatabaseSync(file)
  db.exec('CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (7)')
  db.close()
  await refused(file, 'foreign-database', /of another program/)
  const again = new DatabaseSync(file)
  assert.deepEqual({ ...again.prepare('SELECT id FROM orders').get() }, { id: 7 })
  assert.equal(again.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'entries'").get()?.['n'], 0)
  again.close()
})

test('a store of a newer schema is refused, with both versions', async () => {
  const file = join(place.path, 'newer.db')
  await (await SqliteBroker.open({ file })).close()
  const db = new DatabaseSync(file)
  db.exec('PRAGMA user_version=7')
  db.close()
  await refused(file, 'newer-schema', /has schema 7, this version knows 1/)
})

test('a second opener is refused and told who has the file: in this process and in another one', async () => {
  const file = join(place.path, 'busy.db')
  const broker = await SqliteBroker.open({ file })
  await refused(file, 'locked', new RegExp(`belongs to one process.*process ${process.pid} on `))
  const other = spawnSync(process.execPath, [...OPENER_ARGUMENTS, file], { encoding: 'utf8' })
  assert.match(other.stdout, new RegExp(`^locked: .*process ${process.pid} on `))
  await put(broker, 'a')
  await broker.close()
  const child = spawn(process.execPath, [...OPENER_ARGUMENTS, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  await refused(file, 'locked', new RegExp(`process ${child.pid} on `))
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('close', resolve))
  // The kernel ends a killed process's lock with it.
  await (await SqliteBroker.open({ file })).close()
})

test('a sqlite3 shell that has the file open is a second opener too', async () => {
  const file = join(place.path, 'shell.db')
  await (await SqliteBroker.open({ file })).close()
  const shell = new DatabaseSync(file)
  shell.exec('BEGIN; SELECT count(*) FROM entries')
  await refused(file, 'locked', /is in use/)
  shell.exec('COMMIT')
  shell.close()
  await (await SqliteBroker.open({ file })).close()
})

test('a file or a directory without the right to write says which rights are missing', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('missing: root, to open a file as somebody else')
  const directory = join(place.path, 'rights')
  mkdirSync(directory)
  const file = join(directory, 'store.db')
  await (await SqliteBroker.open({ file })).close()
  chmodSync(place.path, 0o755)
  const asNobody = (says: RegExp): void => {
    const opener = spawnSync(process.execPath, [...OPENER_ARGUMENTS, file], {
      encoding: 'utf8',
      uid: 65_534,
      gid: 65_534,
    })
    assert.match(opener.stdout || opener.stderr, says)
  }
  chmodSync(file, 0o644)
  asNobody(/^read-only: this process may not write ".*store\.db": give it the right/)
  chmodSync(file, 0o600)
  asNobody(/^no-access: this process may not read and write /)
  chmodSync(file, 0o666)
  asNobody(/^read-only: this process may not write the directory ".*rights"/)
})

test('without space for it a store is not created, and an old one not opened; both open once there is some', {
  skip: withoutTmpfs,
}, async () => {
  const small = smallFileSystem('4m')
  try {
    const file = join(small.path, 'store.db')
    let free = fill(small)
    await refused(file, 'full', /no space left/)
    free()
    const broker = await SqliteBroker.open({ file })
    const position = await put(broker, 'a')
    await broker.close()
    free = fill(small)
    await refused(file, 'full', /no space left/)
    free()
    const again = await SqliteBroker.open({ file, log: (event) => assert.fail(event) })
    assert.deepEqual(await again.heads(['a']), [position])
    await again.close()
  } finally {
    small.remove()
  }
})
