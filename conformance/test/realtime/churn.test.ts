import { churnSuite } from '../../realtime/churn-suite.ts'

churnSuite(1_000, 25, false)
churnSuite(1_000, 25, { shared: true, sharedFrom: 1 })
