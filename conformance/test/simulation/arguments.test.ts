import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HELP, readArguments } from '../../simulation/arguments.ts'

const read = (text: string) => readArguments(text.split(' ').filter((word) => word !== ''))

test('many seeds, one seed, and its trace are read', () => {
  const many = { what: 'many', first: 1, last: 2_000, workers: 2, how: { bug: null, counted: false } }
  assert.deepEqual(read('--seeds 1..2000'), many)
  assert.deepEqual(read('--seeds 1..2000 --workers 4 --bug skips-one'), {
    ...many,
    workers: 4,
    how: { bug: 'skips-one', counted: false },
  })
  const usual = { bug: null, counted: false }
  const one = { what: 'one', seed: 17, trace: null, how: usual }
  assert.deepEqual(read('--seed 17'), one)
  assert.deepEqual(read('--seed 17 --counted'), { ...one, how: { bug: null, counted: true } })
  const all = { channel: null, last: Number.POSITIVE_INFINITY }
  assert.deepEqual(read('--seed 17 --trace'), { what: 'one', seed: 17, trace: all, how: usual })
  assert.deepEqual(read('--seed 17 --trace --channel chat:a --last 80'), {
    what: 'one',
    seed: 17,
    trace: { channel: 'chat:a', last: 80 },
    how: usual,
  })
})

test('without arguments, or asked for help, it explains itself', () => {
  for (const text of ['', '--help', '-h', '--seeds nonsense --help']) assert.deepEqual(read(text), { what: 'help' })
  for (const word of [
    '--seeds',
    '--seed',
    '--trace',
    '--channel',
    '--last',
    '--workers',
    '--bug',
    '--counted',
    'skips-one',
  ])
    assert.ok(HELP.includes(word), word)
  assert.ok(HELP.split('\n').every((line) => line.length <= 120))
})

for (const [text, says] of [
  ['--seed 1 --seeds 1..2', /either --seeds 1\.\.2000 or --seed 17/],
  ['--trace', /either --seeds/],
  ['--seeds 1-2000', /a range like 1\.\.2000, not "1-2000"/],
  ['--seeds 9..1', /empty: the smaller number comes first, 1\.\.9/],
  ['--seeds 1..99999999999', /a range like/],
  ['--seed x', /a whole number from 0, not "x"/],
  ['--seed 5000000000', /a whole number from 0/],
  ['--seeds 1..5 --trace', /one seed/],
  ['--seed 1 --channel chat:a', /add it/],
  ['--seed 1 --trace --last 0', /a number of lines, not "0"/],
  ['--seed 1 --workers 3', /for many seeds/],
  ['--seeds 1..5 --workers 0', /1 to 64, not "0"/],
  ['--seeds 1..5 --bug nonsense', /no bug is called "nonsense"/],
  ['--sedes 1..5', /--sedes/],
  ['17', /17/],
] as const) {
  test(`"${text}" is refused with what to write instead`, () => {
    const wish = read(text)
    assert.equal(wish.what, 'wrong')
    assert.match(wish.what === 'wrong' ? wish.text : '', says)
  })
}
