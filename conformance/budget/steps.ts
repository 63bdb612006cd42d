// Counts what our code does by V8's own counters: calls of our functions, accessors left out, and the further passes of their loops. Exact,
// for V8 counts each one where coverage is precise. It says nothing of what Node does for us.

import { Session } from 'node:inspector/promises'

const OURS = /\/packages\/[a-z]+\/src\//
/** Getters and setters are no steps: an optimiser puts them in place, and a field may become one for free. */
const ACCESSOR = /^[gs]et /

interface Range {
  readonly startOffset: number
  readonly endOffset: number
  readonly count: number
}

export class Coverage {
  private readonly session = new Session()

  /** Begins. What is loaded before has no counters in its loops. */
  static async begin(): Promise<Coverage> {
    const coverage = new Coverage()
    const { session } = coverage
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
    return coverage
  }

  /** Leaves everything as it was. */
  async end(): Promise<void> {
    await this.session.post('Profiler.stopPreciseCoverage')
    await this.session.post('Profiler.disable')
    this.session.disconnect()
  }

  /** From now on. */
  async restart(): Promise<void> {
    await this.session.post('Profiler.takePreciseCoverage')
  }

  /** Since `restart`. */
  async steps(): Promise<number> {
    let steps = 0
    for (const [, count] of await this.byFunction()) steps += count
    return steps
  }

  /** The same, for each function: `file:offset name`. */
  async byFunction(): Promise<[place: string, steps: number][]> {
    const { result } = await this.session.post('Profiler.takePreciseCoverage')
    return result
      .filter(({ url }) => OURS.test(url))
      .flatMap(({ url, functions }) =>
        functions
          .filter(({ functionName }) => !ACCESSOR.test(functionName))
          .map(({ functionName, ranges }): [string, number] => [
            `${functionName} ${url.replace(/^.*\/packages\//, 'packages/')}`,
            stepsOf(ranges),
          ]),
      )
  }
}

/** Ranges nest, the function first. One that ran more often than what it lies in is the body of a loop. */
function stepsOf(ranges: readonly Range[]): number {
  const outer: Range[] = []
  let steps = 0
  for (const range of ranges) {
    while (outer.length > 0 && (outer[outer.length - 1] as Range).endOffset <= range.startOffset) outer.pop()
    steps += Math.max(0, range.count - (outer[outer.length - 1]?.count ?? 0))
    outer.push(range)
  }
  return steps
}
