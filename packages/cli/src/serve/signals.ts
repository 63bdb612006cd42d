// What the process does when it is told to: stop, stop at once, read the configuration again.

import type { Loaded } from '../config/load.ts'
import { ConfigError, describe } from '../config/problem.ts'
import type { Log } from './log.ts'
import type { StandaloneServer } from './server.ts'

/** ms within which a second signal is the same one: Ctrl+C reaches us from the terminal, and again from npm. */
const ECHO = 500
const NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const

/** @param load reads the configuration anew */
export function obeySignals(server: StandaloneServer, load: () => Promise<Loaded>, log: Log): void {
  let stoppingSince: number | null = null
  const stop = (signal: keyof typeof NUMBERS): void => {
    const now = performance.now()
    if (stoppingSince !== null) {
      if (now - stoppingSince < ECHO) return
      log.warn('stopped at once', { signal })
      process.exit(128 + NUMBERS[signal])
    }
    stoppingSince = now
    log.info('stopping', { signal, timeout: server.timeout })
    setTimeout(() => {
      log.error('stopped before everything had ended', { timeout: server.timeout })
      process.exit(1)
    }, server.timeout).unref()
    server.stop().then(
      () => {
        log.info('stopped', { took: Math.round(performance.now() - now) })
        log.close()
        process.exit(0)
      },
      (error: Error) => {
        log.error('stopped badly', { error: error.message })
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)

  // However often it is asked for, one runs and one waits: that one reads what is there then.
  let isWanted = false
  let isReloading = false
  const reloadAll = async (): Promise<void> => {
    isWanted = true
    if (isReloading) return
    isReloading = true
    while (isWanted) {
      isWanted = false
      await reload(server, load, log)
    }
    isReloading = false
  }
  process.on('SIGHUP', () => void reloadAll())
  process.on('uncaughtException', (error) => {
    log.error('uncaught', { error: error.stack ?? String(error) })
    process.exit(1)
  })
}

async function reload(server: StandaloneServer, load: () => Promise<Loaded>, log: Log): Promise<void> {
  try {
    await server.reload(await load())
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const problem of error.problems) log.error('configuration is wrong', { problem: describe(problem) })
      log.error('configuration kept', { problems: error.problems.length })
    } else {
      log.error('configuration kept', { error: (error as Error).message })
    }
  }
}
