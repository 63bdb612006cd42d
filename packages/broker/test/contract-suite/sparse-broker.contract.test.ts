import { brokerContract } from '@tautline/broker/contract-suite'
import { MemoryHarness, memorySkips } from '../memory/harness.ts'
import { SparseBroker } from './sparse-broker.ts'

brokerContract('sparse offsets', async () => new MemoryHarness((options) => new SparseBroker(options)), memorySkips)
