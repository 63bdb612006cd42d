// Runs a command with its output on ours, and says how it ended. For the other scripts.

import { spawn } from 'node:child_process'

/** Runs to the end; resolves with the exit code (a signal counts as 1). */
export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env })
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

/** Prints a heading, runs the step and prints how long it took. */
export async function step(title: string, command: string, args: readonly string[]): Promise<boolean> {
  const began = performance.now()
  console.log(`\n▸ ${title}`)
  const code = await run(command, args)
  console.log(`${code === 0 ? '✔' : '✖'} ${title} (${((performance.now() - began) / 1000).toFixed(1)} s)`)
  return code === 0
}
