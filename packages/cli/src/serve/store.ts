// Where the logs of channels are: in memory, or in one SQLite file.

import { type Broker, MemoryBroker } from '@tautline/broker'
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
