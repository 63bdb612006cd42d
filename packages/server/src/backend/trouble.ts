// What can go wrong between us and a backend, and what follows from it: a row each. Pure.

/** What is told to whoever asked, counted, and logged. */
interface TroubleShape {
  /** May be asked once more, where asking twice is safe. */
  readonly again: boolean
  /** Speaks against the backend: enough of them, and it is left alone for a while. */
  readonly breaks: boolean
  /** May the backend have done what it was asked, though we cannot know? */
  readonly maybe: boolean
  readonly text: string
}

export type TroubleKind =
  | 'unsent'
  | 'broken'
  | 'timeout'
  | 'busy'
  | 'away'
  | 'failed'
  | 'refused'
  | 'malformed'
  | 'overloaded'
  | 'open'
  | 'cancelled'

export const TROUBLES: Readonly<Record<TroubleKind, TroubleShape>> = Object.freeze({
  unsent: { again: true, breaks: true, maybe: false, text: 'no connection' },
  broken: { again: true, breaks: true, maybe: true, text: 'the connection broke' },
  timeout: { again: true, breaks: true, maybe: true, text: 'no answer in time' },
  // RFC 6585 §4: it was not done.
  busy: { again: true, breaks: true, maybe: false, text: 'too many requests' },
  // 502, 503, 504 may come of a proxy in front of a backend that is at work.
  away: { again: true, breaks: true, maybe: true, text: 'the backend is away' },
  failed: { again: false, breaks: true, maybe: true, text: 'the backend failed' },
  refused: { again: false, breaks: false, maybe: false, text: 'the backend refused the request' },
  malformed: { again: false, breaks: false, maybe: true, text: 'the answer is none' },
  overloaded: { again: false, breaks: false, maybe: false, text: 'too many requests wait for the backend' },
  open: { again: false, breaks: false, maybe: false, text: 'the backend is left alone for a while' },
  cancelled: { again: false, breaks: false, maybe: true, text: 'nobody waits for the answer any more' },
})

/** A request that brought no answer. */
export class Trouble extends Error {
  override readonly name: string = 'Trouble'
  readonly kind: TroubleKind
  /** ms after which the backend (or what guards it) wants to be asked again. */
  readonly after: number | undefined

  /** @param problem for our log alone; it shows nothing that was sent */
  constructor(kind: TroubleKind, problem: string = TROUBLES[kind].text, after?: number) {
    super(problem)
    this.kind = kind
    this.after = after
  }
}
