// What a loss means for people, in words. The server says `lost` when the log cannot prove that nothing is missing
// between where we stopped and where it goes on; it never skips in silence.
import type { Lost, Position } from '@tautline/wire'

export interface Loss {
  /** Messages nobody will bring back to this page, as far as they can be counted. */
  readonly count: number
  /** '': nothing is missing after all. */
  readonly text: string
}

/** `resumed`: everything after this was fetched anew. */
export function explainLoss(lost: Lost, resumed: Position): Loss {
  const { from } = lost
  const countable = from !== undefined && from.epoch === resumed.epoch
  const count = countable ? Math.max(0, resumed.offset - from.offset) : 0
  if (lost.why === 'epoch') {
    return { count, text: 'The server’s store was replaced. What is above this line lives on in this window only.' }
  }
  if (lost.why === 'diverged') {
    return { count, text: 'The server lost its newest messages. Some of those above may be gone for everybody else.' }
  }
  if (count === 0 && countable) return { count, text: '' }
  const messages = count === 0 ? 'Messages' : count === 1 ? 'One message' : `${count.toLocaleString('en')} messages`
  const gone = lost.why === 'limit' ? 'too many to bring all at once' : 'the server does not keep them any more'
  return { count, text: `${messages} went by while you were away: ${gone}.` }
}
