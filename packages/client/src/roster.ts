// Who is in a channel, kept up by `members` pushes (tautline.v1 §9). A jump in `rev` means that one was missed: the list
// is fetched again. It knows nothing of messages.

import type { Member, MembersPage, MembersPush } from '@tautline/wire'
import type { MembersChange } from './subscription.ts'

/** Pushes kept while a list is being fetched; more, and it is fetched again. */
const MOST_WAITING = 256
/** Members kept; the protocol tells no names over 1,000. */
const MOST_MEMBERS = 10_000

/** Asks for a page: null, the connection is gone or the server refused. */
export type FetchPage = (page: string | undefined, settle: (page: MembersPage | null) => void) => void

export class Roster {
  readonly members: Map<string, Member> = new Map()
  /** Of the whole channel. */
  count: number = 0
  readonly #fetch: FetchPage
  readonly #changed: (change: MembersChange) => void
  #rev: number = 0
  #waiting: MembersPush[] | null = null
  /** Names the fetch under way: the answers to older ones are of no interest. */
  #round: number = 0

  constructor(fetch: FetchPage, changed: (change: MembersChange) => void) {
    this.#fetch = fetch
    this.#changed = changed
  }

  /** The connection is gone. */
  end(): void {
    this.#round++
    this.#waiting = null
  }

  push(push: MembersPush): void {
    const { rev, count, joined = [], left = [] } = push
    const named = push.joined !== undefined || push.left !== undefined
    if (this.#waiting) {
      if (this.#waiting.push(push) > MOST_WAITING) this.begin()
    } else if (rev > this.#rev) {
      // Names come again after only counts came: the map is not the one they belong to.
      if (rev !== this.#rev + 1 || (named && this.members.size !== this.count)) return this.begin()
      this.#rev = rev
      this.#change(count, joined, named || this.members.size === count ? left : [...this.members.keys()])
    }
  }

  /**
   * Fetches the list: for a new attachment, whose `rev` begins anew, or because a push was missed. What was known stays
   * until it is here, so that nothing flickers.
   */
  begin(): void {
    const round = ++this.#round
    const members = new Map<string, Member>()
    let first: MembersPage | null = null
    const next = (page: MembersPage | null): void => {
      if (round !== this.#round) return
      const waiting = this.#waiting ?? []
      if (!page) return this.end()
      // Changes after the first page come as pushes with a larger rev, and lie on top of all pages.
      first ??= page
      const before = members.size
      for (const member of page.members) members.set(member.peer, member)
      // A page with nobody new may be one that leads to itself.
      if (before < members.size && page.next !== undefined && members.size < MOST_MEMBERS)
        return this.#fetch(page.next, next)
      this.#rev = first.rev
      this.#waiting = null
      const gone = [...this.members.keys()].filter((peer) => !members.has(peer))
      // Whoever was known already, and is the same, did not join.
      const known = (member: Member): boolean =>
        JSON.stringify(this.members.get(member.peer)) === JSON.stringify(member)
      this.#change(
        page.count,
        [...members.values()].filter((member) => !known(member)),
        gone,
      )
      for (const push of waiting) this.push(push)
    }
    this.#waiting = []
    this.#fetch(undefined, next)
  }

  #change(count: number, joined: readonly Member[], left: readonly string[]): void {
    const { members } = this
    this.count = count
    for (const peer of left) members.delete(peer)
    for (const member of joined) members.set(member.peer, member)
    this.#changed({ members, count, joined, left })
  }
}
