import { besideTest } from '../../realtime/beside-suite.ts'
import { paused } from '../../realtime/guests.ts'

// A machine that runs the whole suite is no place to measure: the bounds say that nobody waits for the slow one.
besideTest(paused('lossless'), { rounds: 2, seconds: 1, factor: 3, slack: 30, rss: 250 })
