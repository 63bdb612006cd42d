// Where the chat keeps what was said: one SQLite file, or the memory of this process. STORE says which; what cannot be
// used is explained, never silently replaced by something that forgets.
import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Broker, MemoryBroker } from '@tautline/broker'
import { SqliteBroker } from '@tautline/broker/sqlite'

/** The file of `npm start`. */
export const DEFAULT_FILE: string = fileURLToPath(new URL('../../.store/chat.sqlite', import.meta.url))

/** The store cannot be used; the message says what to do. */
export class StoreError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'StoreError'
  }
}

export interface Store {
  readonly broker: Broker
  /** What it is, for the line at the start. */
  readonly description: string
}

/**
 * Opens what STORE names: '' the default file, 'memory', or the path of a file.
 *
 * @throws StoreError when the file cannot be used
 */
export async function openStore(setting: string): Promise<Store> {
  if (setting === 'memory') return { broker: new MemoryBroker({}), description: 'memory: a restart forgets everything' }
  const file = setting === '' ? DEFAULT_FILE : resolve(setting)
  try {
    await mkdir(dirname(file), { recursive: true })
    return { broker: await SqliteBroker.open({ file }), description: file }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StoreError(
      `The chat's store cannot be used: ${file}\n  ${reason}\n` +
        'Choose another file, or keep everything in memory:  STORE=/path/to/chat.sqlite npm start  or  STORE=memory npm start\n',
      error,
    )
  }
}
