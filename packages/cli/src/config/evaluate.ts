// Runs a configuration that is a script, in a thread of its own: each time anew with all it imports, and what it does
// cannot harm the server. Only data comes back.

import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Place } from './problem.ts'

/** ms. A configuration is there at once, or waits for something that a configuration must not need. */
const LONGEST = 10_000

export type Evaluated = { readonly value: unknown } | { readonly error: string; readonly place: Place | null }

/** What the thread says. */
export interface Told {
  readonly value?: unknown
  readonly error?: string
  readonly place?: Place | null
}

/** The default export of a script, or why there is none. */
export function evaluateScript(file: string): Promise<Evaluated> {
  const isSource = import.meta.url.endsWith('.ts')
  const worker = new Worker(new URL(isSource ? './evaluation.ts' : './evaluation.js', import.meta.url), {
    workerData: pathToFileURL(file).href,
    // In the repository packages are imported from their sources. Node before 22.18 reads TypeScript only if told.
    execArgv: [
      '--no-warnings',
      ...(isSource ? ['--conditions=tautline-source'] : []),
      ...(process.features.typescript ? [] : ['--experimental-strip-types']),
    ],
    stdout: true,
  })
  // What a script prints is no line of the log.
  worker.stdout.pipe(process.stderr, { end: false })
  return new Promise((resolve) => {
    const end = (evaluated: Evaluated): void => {
      clearTimeout(timer)
      void worker.terminate()
      resolve(evaluated)
    }
    const timer = setTimeout(() => {
      end({ error: `took more than ${LONGEST / 1_000} s: a configuration must be there at once`, place: null })
    }, LONGEST)
    worker.once('message', ({ value, error, place = null }: Told) => {
      end(error === undefined ? { value } : { error, place })
    })
    worker.once('error', (error) => end({ error: `failed: ${error.message}`, place: null }))
    worker.once('exit', () => end({ error: 'ended the thread that it runs in', place: null }))
  })
}
