import { brokerContract } from '@tautline/broker/contract-suite'
import { SqliteHarness, sqliteSkips } from './harness.ts'

brokerContract('sqlite', () => SqliteHarness.open(), sqliteSkips)
