// What a loss means for people, in words. The server says `lost` when the log cannot prove that nothing is missing
// between where we stopped and where it goes on; it never skips in silence.
import type { Lost, Position } from '@tautline/wire'

const GONE_BELOW = {
  epoch: 'The server’s store was replaced. What is above this line lives on in this window only.',
  diverged: 'The server lost its newest messages. Some of those above may be gone for everybody else.',
} as const
const GONE = {
  epoch: 'The server’s store was replaced: what was said here before is gone.',
  diverged: 'The server lost its newest messages: some that you have read may be gone.',
} as const

/** '': nothing is missing after all. `resumed`: everything after this was fetched anew. `above`: messages from before the loss are on the page. */
export function explainLoss(lost: Lost, resumed: Position, above: boolean): string {
  const { from } = lost
  const countable = from !== undefined && from.epoch === resumed.epoch
  const count = countable ? Math.max(0, resumed.offset - from.offset) : 0
  if (lost.why === 'epoch' || lost.why === 'diverged') {
    // There was nothing to lose.
    if (from?.offset === 0 && !above) return ''
    return (above ? GONE_BELOW : GONE)[lost.why]
  }
  if (count === 0 && countable) return ''
  const messages = count === 0 ? 'Messages' : count === 1 ? 'One message' : `${count.toLocaleString('en')} messages`
  const gone = lost.why === 'limit' ? 'too many to bring all at once' : 'the server does not keep them any more'
  return `${messages} went by while you were away: ${gone}.`
}
