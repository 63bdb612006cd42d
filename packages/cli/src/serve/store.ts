// Where the logs of channels are: in memory, or in one SQLite file; and whether they can be reached.

import { type Broker, MemoryBroker } from '@tautline/broker'
import type { Sample } from '@tautline/server'
import type { Log } from './log.ts'
import type { Settings } from './settings.ts'

/** @throws StoreOpenError, with a message that says what to do */
export async function openStore(store: Settings['store'], log: Log): Promise<Broker> {
  if (store === null) return new MemoryBroker()
  const { SqliteBroker } = await import('@tautline/broker/sqlite')
  return SqliteBroker.open({
    ...store,
    log: (event, fields) => {
      const texts = Object.entries(fields).map(([name, value]) => [
        name,
        typeof value === 'number' ? value : String(value),
      ])
      log.warn(`store: ${event}`, Object.fromEntries(texts))
    },
  })
}

/** ms. Whoever asks for /ready waits about as long. */
const PROBE = 2_000

/**
 * Does the store answer now? What the server noticed counts as well (a full disk can still be read), unless nobody is
 * connected: then only new clients can show that it is over.
 */
export async function isStoreUp(
  broker: Pick<Broker, 'heads'>,
  samples: readonly Sample[],
  probe = PROBE,
): Promise<boolean> {
  const gauge = (wanted: string): number | undefined => samples.find(({ name }) => name === wanted)?.value
  if (gauge('tautline_store_up') === 0 && gauge('tautline_connections') !== 0) return false
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), probe)
  broker.heads(['tautline:ready']).then(
    () => resolve(true),
    () => resolve(false),
  )
  const answered = await promise
  clearTimeout(timer)
  return answered
}
