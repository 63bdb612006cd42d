// A log that a crowd cannot flood: so many lines a second are written, and how many were not stands in the next one.

import type { Clock } from '@tautline/wire'
import type { Log } from '../options.ts'
import { TokenBucket } from '../token-bucket.ts'

const LINES = { rate: 5, burst: 50 }

export function seldom(log: Log, clock: Clock): Log {
  const bucket = new TokenBucket(clock, LINES)
  let unwritten = 0
  return (event, fields) => {
    if (bucket.take() > 0) {
      unwritten++
      return
    }
    log(event, unwritten === 0 ? fields : { ...fields, unwritten })
    unwritten = 0
  }
}
