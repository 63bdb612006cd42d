import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from './places.ts'
import { preloadSync, withoutCompiler } from './preload.ts'

const SCENE = `
  import { rmSync, writeFileSync } from 'node:fs'
  import { SqliteBroker } from '@tautline/broker/sqlite'
  const broken = process.env.BROKEN
  const rule = { size: 1000, ttl: 1e9, window: 1e6 }
  const events = []
  const broker = await SqliteBroker.open({ file: process.argv[1], log: (event) => events.push(event) })
  let interrupted = 0
  await broker.attach('a', { entry() {}, cast() {}, interrupted() { interrupted++ } })
  let n = 0
  const append = (key) => ({ id: 'w.' + n++, key, scope: 's', hash: key, expires: 8e15, body: { json: '1' } })
  const outcomes = []
  const publish = async (key) => outcomes.push((await broker.append('a', [append(key)], rule))[0])
  await publish('k0')
  writeFileSync(broken, '')
  await publish('k1')
  await publish('k2')
  rmSync(broken)
  await new Promise((resolve) => setTimeout(resolve, 600))
  for (const key of ['k0', 'k1', 'k2', 'k3']) await publish(key)
  const page = await broker.read('a', 'start', 100, 1e6, rule)
  await broker.close()
  console.log(JSON.stringify({ outcomes, keys: page.entries.map((entry) => entry.key), events, interrupted }))`

interface Scene {
  readonly outcomes: readonly { fail?: string; applied?: string; duplicate?: true; position?: { offset: number } }[]
  readonly keys: readonly string[]
  readonly events: readonly string[]
  readonly interrupted: number
}

test("an fsync that fails is 'unknown', appends wait until the file is known again, and keys make it exactly once", {
  skip: withoutCompiler,
}, () => {
  const place = temporaryDirectory()
  try {
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', SCENE, join(place.path, 'store.db')], {
      encoding: 'utf8',
      env: { ...process.env, ...preloadSync(place.path), BROKEN: join(place.path, 'broken') },
    })
    assert.equal(child.stderr, '')
    const scene = JSON.parse(child.stdout) as Scene
    const [first, second, third, ...again] = scene.outcomes
    assert.equal(first?.position?.offset, 1)
    assert.deepEqual(second, { fail: 'unavailable', applied: 'unknown' })
    assert.deepEqual(third, { fail: 'unavailable', applied: 'no' }, 'while the file is not known nothing is appended')
    assert.equal(scene.interrupted, 1, 'whoever is attached looks at the log again')
    assert.equal(again[0]?.duplicate, true)
    assert.deepEqual(scene.keys, ['k0', 'k1', 'k2', 'k3'])
    assert.deepEqual(
      again.map((outcome) => outcome.position?.offset),
      [1, 2, 3, 4],
    )
  } finally {
    place.remove()
  }
})
