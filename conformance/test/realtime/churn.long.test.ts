import { churnSuite } from '../../realtime/churn-suite.ts'

churnSuite(10_000, 50)
