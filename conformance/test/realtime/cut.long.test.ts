import { cutSuite } from '../../realtime/cut-suite.ts'

cutSuite({ acts: ['cut', 'reset', 'half-close'], stride: 1 })
