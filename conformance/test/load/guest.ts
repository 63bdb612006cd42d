// A flood as a guest of the suites that measure others beside it (conformance/realtime/beside.ts).

import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Guest } from '../../realtime/beside.ts'
import type { FloodOptions, Toll } from './flood.ts'

/** @param told hears what became of each round */
export function guest({ name }: FloodOptions, told: (toll: Toll) => void = () => undefined): Guest {
  return {
    name,
    subs: [{ ch: 'shared' }],
    firehose: 0,
    async misbehave(ear) {
      const child = fork(new URL('./flooder.ts', import.meta.url), [name, String(ear.peer.socket.remotePort)], {
        execArgv: ['--conditions=tautline-source'],
      })
      await once(child, 'message')
      return async () => {
        const exited = once(child, 'exit')
        const heard = once(child, 'message')
        child.send('stop')
        told(((await heard) as [Toll])[0])
        await exited
      }
    },
  }
}
