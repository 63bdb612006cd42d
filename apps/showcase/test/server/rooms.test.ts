import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRealtime } from '@tautline/server'
import { RealtimeError } from '@tautline/wire'
import { Rooms, slugOf } from '../../src/server/rooms.ts'
import { isRoom, LIMITS } from '../../src/shared/messages.ts'

async function rooms(log: ReturnType<typeof createRealtime> = createRealtime()): Promise<Rooms> {
  const made = new Rooms(log)
  await made.load()
  return made
}

describe('the rooms', () => {
  it('are there from the beginning, and again after a restart', async () => {
    const log = createRealtime()
    const first = await rooms(log)
    assert.equal(first.has('general'), true)
    await first.create('Über uns')
    const second = await rooms(log)
    assert.equal(second.has('uber-uns'), true)
    assert.equal((await log.history('rooms', {})).items.filter((item) => item.ev === 'pub').length, 4)
  })

  it('of one name are one room, however it is written and however often it is asked for', async () => {
    const made = await rooms()
    const asked = await Promise.all(['Tea', 'tea', 'TEA', 'General'].map((title) => made.create(title)))
    assert.deepEqual(
      asked.map(({ room }) => room),
      ['tea', 'tea', 'tea', 'general'],
    )
  })

  it('of different names are different rooms, even where their addresses would be the same', async () => {
    const made = await rooms()
    const asked = await Promise.all(['C', 'C++', 'C#', '日本語', '中文'].map((title) => made.create(title)))
    assert.equal(new Set(asked.map(({ room }) => room)).size, 5)
    for (const { room } of asked) assert.equal(isRoom(room), true, room)
  })

  it('are limited', async () => {
    const made = await rooms()
    await assert.rejects(
      Promise.all(Array.from({ length: LIMITS.rooms }, (_, n) => made.create(`room ${n}`))),
      (error) => error instanceof RealtimeError && error.code === 'limit',
    )
  })

  it('have addresses of plain letters', () => {
    assert.equal(slugOf('  Über uns! '), 'uber-uns')
    assert.equal(slugOf('---'), slugOf('---'))
    for (const title of ['<script>', '../../etc/passwd', '🎉', 'a'.repeat(99), '*', 'x:y'])
      assert.equal(isRoom(slugOf(title)), true, title)
  })
})
