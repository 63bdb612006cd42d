import { cutSuite } from '../../realtime/cut-suite.ts'

cutSuite({ acts: ['cut'], stride: 29 })
