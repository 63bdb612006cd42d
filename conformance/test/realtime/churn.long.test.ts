import { churnSuite } from '../../realtime/churn-suite.ts'

churnSuite(10_000, 50, false)
churnSuite(10_000, 50, { shared: true, sharedFrom: 1 })
