import { churnSuite } from '../../realtime/churn-suite.ts'

churnSuite(1_000, 25)
