import { MemoryPresence } from '@tautline/broker'
import { brokerContract, presenceContract } from '@tautline/broker/contract-suite'
import { TestClock } from '../clock.ts'
import { MemoryHarness, memorySkips } from './harness.ts'

brokerContract('memory', async () => new MemoryHarness(), memorySkips)

presenceContract('memory presence', async () => {
  const clock = new TestClock()
  const store = new MemoryPresence({ clock })
  return {
    nodes: [store, store],
    advance: async (ms) => clock.advance(ms),
    close: () => store.close(),
  }
})
