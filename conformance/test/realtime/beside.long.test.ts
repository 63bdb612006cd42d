import { besideTest } from '../../realtime/beside-suite.ts'
import { FLOODS, paused } from '../../realtime/guests.ts'

for (const policy of ['lossless', 'latest', { drop: 10 }, 'disconnect'] as const) {
  besideTest(paused(policy), { rounds: 7, seconds: 1, factor: 1.5, slack: 5, rss: 250 })
}
// Whoever floods costs the server its time: 128 messages a turn, or one frame, and no more.
for (const guest of FLOODS) besideTest(guest, { rounds: 5, seconds: 1, factor: 2, slack: 100, rss: 400 })
