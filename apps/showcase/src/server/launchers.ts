// Who started us through npm: npm runs a shell, which runs the script, which may be npm again. A signal to the outer
// npm ends it and its shell, but nobody tells us: a server left behind would hold the port.
import { readFileSync } from 'node:fs'

/** Milliseconds between two looks. */
const LOOK_EVERY = 250

/** Calls `gone` once when a shell or an npm that we run under has ended. Never keeps the process alive. */
export function watchLaunchers(gone: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return
  const before = launchers()
  const timer = setInterval(() => {
    if (launchers() === before) return
    clearInterval(timer)
    gone()
  }, LOOK_EVERY)
  timer.unref()
}

/** Our parent and, where /proc tells (Linux), every npm above it with the shells between. */
function launchers(): string {
  const chain = [process.ppid]
  for (;;) {
    const npm = parentOf(chain.at(-1) ?? 0)
    if (npm === null || !isNpm(npm)) return chain.join()
    const shell = parentOf(npm)
    chain.push(npm)
    // Above the outermost npm is whoever started it: they may go.
    const next = shell === null ? null : parentOf(shell)
    if (shell === null || next === null || !isNpm(next)) return chain.join()
    chain.push(shell)
  }
}

function parentOf(pid: number): number | null {
  // The second field is the name in parentheses and may hold anything: count from the last one.
  const fields = read(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ')
  return fields?.[1] === undefined ? null : Number(fields[1])
}

function isNpm(pid: number): boolean {
  return read(`/proc/${pid}/comm`)?.startsWith('npm') === true
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
