// The contract of brokers and presence stores as tests: every implementation runs the same cases, and gives a reason
// for each that it cannot run. The cases are exported as well, for whoever wants to see them fail.

import { feedCases } from './feed-cases.ts'
import { type BrokerHarness, type Case, type PresenceHarness, runCases, type Skips } from './harness.ts'
import { keyCases } from './key-cases.ts'
import { logCases } from './log-cases.ts'
import { lossCases } from './loss-cases.ts'
import { presenceCases } from './presence-cases.ts'
import { trimCases } from './trim-cases.ts'

export type { BrokerHarness, Case, Harness, PresenceHarness, Skips } from './harness.ts'
export { presenceCases } from './presence-cases.ts'

/** Every duty of a broker. */
export const brokerCases: readonly Case<BrokerHarness>[] = [
  ...logCases,
  ...keyCases,
  ...trimCases,
  ...feedCases,
  ...lossCases,
]

/**
 * Runs all cases of the broker contract as tests.
 *
 * @param open a store with nothing in it that disturbs; called once per case
 * @param skips titles of cases that cannot be run here, with the reason, which is printed
 */
export function brokerContract(name: string, open: () => Promise<BrokerHarness>, skips: Skips = {}): void {
  runCases(name, brokerCases, open, skips)
}

/** As `brokerContract`, for presence stores. */
export function presenceContract(name: string, open: () => Promise<PresenceHarness>, skips: Skips = {}): void {
  runCases(name, presenceCases, open, skips)
}
