// The entry of the command: runs it, and turns what went wrong into a text and an exit code.

import { CommanderError } from 'commander'
import { CommandError, EXIT } from './commands/exit.ts'
import { createProgram } from './commands/program.ts'
import { ConfigError } from './config/problem.ts'

/** @param args what stands behind `tautline` */
async function main(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync([...args], { from: 'user' })
  } catch (error) {
    process.exitCode = told(error)
  }
}

/** Says what is wrong, and with which code to end. */
function told(error: unknown): number {
  // Commander has written already, be it the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.wrong
  if (error instanceof ConfigError) {
    const { length } = error.problems
    process.stderr.write(
      `${error.message}\n\n${length === 1 ? 'One problem' : `${length} problems`} in the configuration.\n`,
    )
    return EXIT.wrong
  }
  if (error instanceof CommandError) {
    process.stderr.write(`${error.message}\n`)
    return error.code
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  return EXIT.failed
}

// Who reads us may stop reading (`| head`, a log collector that went away): that is no reason to fail.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
await main(process.argv.slice(2))
