// The server under measurement, as a process that can be asked.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { end, pinned, SERVER_CORE } from '../processes.ts'
import type { Held } from './server.ts'

/** A process of server.ts, on the first core. */
export class Idlers {
  readonly pid: number
  private readonly child: ReturnType<typeof pinned>
  private readonly lines: AsyncIterator<string>

  private constructor(child: ReturnType<typeof pinned>) {
    this.child = child
    this.pid = child.pid as number
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    child.stderr.pipe(process.stderr)
  }

  static async start(kind: string, port: number): Promise<Idlers> {
    const script = join(import.meta.dirname, 'server.ts')
    const node = [process.execPath, '--conditions=tautline-source', '--expose-gc']
    const server = new Idlers(pinned(SERVER_CORE, [...node, script, kind, String(port)]))
    await server.line()
    return server
  }

  async held(): Promise<Held> {
    this.child.stdin.write('measure\n')
    return JSON.parse(await this.line()) as Held
  }

  async snapshot(file: string): Promise<string> {
    this.child.stdin.write(`snapshot ${file}\n`)
    return this.line()
  }

  /** CPU of all its threads so far, in ns. */
  get cpu(): number {
    const tasks = `/proc/${this.pid}/task`
    const of = (task: string): number => Number(readFileSync(join(tasks, task, 'schedstat'), 'utf8').split(' ')[0])
    return readdirSync(tasks).reduce((sum, task) => sum + of(task), 0)
  }

  get files(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length
  }

  end(): Promise<void> {
    return end(this.child)
  }

  private async line(): Promise<string> {
    const { done, value } = await this.lines.next()
    if (done === true) throw new Error('the server ended')
    return value
  }
}
