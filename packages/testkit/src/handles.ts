/**
 * Says which sockets, servers and timers keep the process alive, and waits until they are back at a base.
 * It never closes anything: what is left open is the finding.
 */

/** Kinds of `process.getActiveResourcesInfo()` with how many there are. */
export type HandleCount = ReadonlyMap<string, number>

// Immediates are how we wait; pipes and terminals are the test runner's; closing requests end by themselves.
const IGNORED = new Set(['Immediate', 'PipeWrap', 'TTYWrap', 'CloseReq', 'MessagePort'])

/** What keeps the process alive now. */
export function openHandles(): HandleCount {
  const out = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    if (!IGNORED.has(kind)) out.set(kind, (out.get(kind) ?? 0) + 1)
  }
  return out
}

/** What is open beyond the base, as `2 × TCPSocketWrap`; empty when nothing is. */
export function handlesBeyond(base: HandleCount): string[] {
  return [...openHandles()]
    .map(([kind, count]): [string, number] => [kind, count - (base.get(kind) ?? 0)])
    .filter(([, more]) => more > 0)
    .map(([kind, more]) => `${more} × ${kind}`)
}

/**
 * Waits until nothing is open beyond `base`.
 * @param deadline milliseconds
 * @throws Error with the kinds that are still open at the deadline
 */
export async function handlesReturnTo(base: HandleCount, deadline = 5000): Promise<void> {
  const end = performance.now() + deadline
  for (;;) {
    const beyond = handlesBeyond(base)
    if (beyond.length === 0) return
    if (performance.now() > end) throw new Error(`open beyond the base after ${deadline} ms: ${beyond.join(', ')}`)
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}
