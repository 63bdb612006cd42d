// A port to come back to. The kernel gives ports from 32768 up (Linux) to whoever asks for any, outgoing connections
// included: one of those may be somebody else's by the time a server is started again.
import { once } from 'node:events'
import { createServer } from 'node:net'

/** A port that is free now, and that nobody gets by chance. */
export async function lastingPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const probe = createServer().listen(port, '127.0.0.1')
    const free = await once(probe, 'listening').then(
      () => true,
      () => false,
    )
    if (!free) continue
    probe.close()
    await once(probe, 'close')
    return port
  }
}
