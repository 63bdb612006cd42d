// Orders from node to node, as a broker of others delivers them: any bytes are an order or null, and an order means the
// same after being written again.

import assert from 'node:assert/strict'
import type { Json } from '@tautline/wire'
import { type Order, readOrder, writeOrder } from '../../../packages/server/src/control.ts'
import { type Target, words } from '../../target.ts'
import { JSON_WORDS } from './frames.ts'
import { inTime, SMALL } from './judge.ts'

/** Room for what is written longer than it came. */
const WIDER = { ...SMALL, frame: 1 << 20, depth: 64, keys: 10_000 }

function checkOrder(order: Order): void {
  const texts = Object.entries(order).filter(([name]) => !['body', 'code'].includes(name))
  for (const [name, value] of texts) assert.ok(typeof value === 'string' && value.length <= 1_024, name)
  if (order.op === 'disconnect') assert.ok(order.code >= 4000 && order.code <= 4499 && Number.isInteger(order.code))
  if (order.op !== 'send') return
  const { data, bytes } = order.body
  assert.ok(bytes === undefined ? data !== undefined : data === undefined && bytes instanceof Uint8Array)
}

/** As JSON says it: −0 is 0. */
function normal(order: Order): Order {
  if (order.op !== 'send' || order.body.data === undefined) return order
  return { ...order, body: { data: JSON.parse(JSON.stringify(order.body.data)) as Json } }
}

export const orders: Target = {
  name: 'orders',
  dictionary: [
    ...JSON_WORDS,
    ...words('"op":"send"', '"op":"subscribe"', '"op":"unsubscribe"', '"op":"disconnect"', '"op":"replace"'),
    ...words('"user":"ann"', '"channel":"chat:42"', '"code":4401', '"reason":"x"', '"by":"n1"', '"by":"me"'),
    ...words('"conn":"n1~c"', '"secret":"s"', '\n{"ev":"msg","data":1}', '\n{"ev":"msg","bytes":"QUI"}'),
  ],
  run(bytes) {
    const order = inTime(() => readOrder(bytes, SMALL, 'me'))
    if (order === null) return
    checkOrder(order)
    const written = writeOrder(order, 'other')
    assert.deepEqual(readOrder(written, WIDER, 'me'), normal(order))
    assert.equal(readOrder(written, WIDER, 'other'), null, 'a node obeys its own orders when it gives them')
  },
}
