import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryBroker, type MemoryBrokerOptions } from '../src/mod.ts'
import { SqliteBroker, type SqliteBrokerOptions } from '../src/sqlite/mod.ts'

test('a store that is asked for a durability there is not, or by a misspelt option, is not opened', async () => {
  const file = '/nowhere/store.db'
  for (const [wrong, message] of [
    [undefined, 'SqliteBroker.open() needs an object with options, not undefined'],
    ['./store.db', 'SqliteBroker.open() needs an object with options, not ./store.db'],
    [{}, "SqliteBroker.open() needs the path of a file: { file: './realtime.db' }"],
    [{ file, durability: 'none' }, `durability must be 'fsync' or 'process', not "none"`],
    [
      { file, durabilty: 'process' },
      'SqliteBroker.open() has no option "durabilty": there are file, clock, random, durability, anchor, window, maxChannels, cache, log',
    ],
    [{ file, window: '5m' }, 'window must be a number from 1 on, not "5m"'],
  ] as const) {
    await assert.rejects(SqliteBroker.open(wrong as unknown as SqliteBrokerOptions), { name: 'TypeError', message })
  }
})

test('a memory broker says which of its options is wrong', () => {
  for (const [wrong, message] of [
    [null, 'MemoryBroker needs an object with options, not null'],
    [
      { maxbytes: 1 },
      'MemoryBroker has no option "maxbytes": there are clock, random, anchor, window, maxChannels, maxBytes',
    ],
    [{ maxBytes: '64' }, 'maxBytes must be a number from 1 on, not "64"'],
    [{ maxChannels: 0 }, 'maxChannels must be a number from 1 on, not 0'],
  ] as const) {
    assert.throws(() => new MemoryBroker(wrong as unknown as MemoryBrokerOptions), { name: 'TypeError', message })
  }
})
