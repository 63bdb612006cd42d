// Who floods each kind of message, and who takes all that the limits allow, beside a hundred subscribers whose p99 must stay
// what it is. Rounds with and without are interleaved.

import { after } from 'node:test'
import { besideTest } from '../../realtime/beside-suite.ts'
import { FLOODS, HOGS } from './flood.ts'
import { guest } from './guest.ts'

const tolls: string[] = []
for (const one of [...FLOODS, ...HOGS]) {
  const told = (toll: object): void => void tolls.push(`${one.name}: ${JSON.stringify(toll)}`)
  besideTest(guest(one, told), { rounds: 5, seconds: 1, factor: 2, slack: 100, rss: 250 })
}
after(() => console.log(tolls.join('\n')))
