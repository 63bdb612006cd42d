// A process that publishes to a store until it is killed, with a key for each publication, and writes what it is about
// to send and what was acknowledged to its standard output. What an earlier one left unsettled it sends again first.
// Arguments: file, run, channels, durability. On standard input: unsettled publications, one per line, then an end.

import { readFileSync, writeSync } from 'node:fs'
import type { Append } from '@tautline/broker'
import { SqliteBroker } from '@tautline/broker/sqlite'
import { KILL_RULE, publication } from './publishing.ts'

const [, , file = '', run = '', channels = '1', durability = 'fsync'] = process.argv

/** Written at once: what a pipe has taken survives the process. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}

const broker = await SqliteBroker.open({ file, durability: durability === 'fsync' ? 'fsync' : 'process' })

async function send(channel: string, batch: readonly Append[]): Promise<void> {
  say(`sent ${channel} ${batch.map((append) => append.key).join(' ')}`)
  const outcomes = await broker.append(channel, batch, KILL_RULE)
  for (const [i, outcome] of outcomes.entries()) {
    const key = batch[i]?.key
    if (outcome.fail !== undefined) say(`fail ${channel} ${key} ${outcome.fail} ${outcome.applied}`)
    else {
      const { epoch, offset, id } = outcome.position
      say(`ack ${channel} ${key} ${epoch} ${offset} ${id} ${outcome.duplicate === true ? 'duplicate' : 'new'}`)
    }
  }
}

const unsettled = readFileSync(0, 'utf8').split('\n').filter(Boolean)
for (const line of unsettled) {
  const [channel = '', key = ''] = line.split(' ')
  await send(channel, [publication({ key, hash: key })])
}
say('ready')

async function publishOn(channel: string): Promise<void> {
  for (let n = 0; ; ) {
    const size = 1 + Math.floor(Math.random() * 8)
    const batch = Array.from({ length: size }, () => {
      const key = `${run}-${channel}-${n++}`
      return publication({ key, hash: key }, 20 + Math.floor(Math.random() * 400))
    })
    await send(channel, batch)
  }
}
for (let i = 0; i < Number(channels); i++) void publishOn(`c${i}`)
