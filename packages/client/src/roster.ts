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
  #rev: number = -1
  #waiting: MembersPush[] | null = null
  /** Names the fetch under way: the answers to older ones are of no interest. */
  #round: number = 0

  constructor(fetch: FetchPage, changed: (change: MembersChange) => void) {
    this.#fetch = fetch
    this.#changed = changed
  }

  /** A new attachment: its `rev` begins anew. What was known stays until the list is here, so that nothing flickers. */
  begin(): void {
    this.#rev = -1
    this.#list()
  }

  /** The connection is gone. */
  end(): void {
    this.#round++
    this.#waiting = null
  }

  push(push: MembersPush): void {
    if (this.#waiting !== null) {
      this.#waiting.push(push)
      if (this.#waiting.length > MOST_WAITING) this.#list()
      return
    }
    if (push.rev <= this.#rev) return
    if (push.rev !== this.#rev + 1) this.#list()
    else this.#apply(push)
  }

  #list(): void {
    const round = ++this.#round
    this.#waiting = []
    const members = new Map<string, Member>()
    let rev = -1
    const next = (page: MembersPage | null): void => {
      if (round !== this.#round) return
      if (page === null) {
        this.#waiting = null
        return
      }
      // Changes after the first page come as pushes with a larger rev, and lie on top of all pages.
      if (rev === -1) rev = page.rev
      for (const member of page.members) members.set(member.peer, member)
      if (page.next !== undefined && members.size < MOST_MEMBERS) this.#fetch(page.next, next)
      else this.#fetched(members, page.count, rev)
    }
    this.#fetch(undefined, next)
  }

  #fetched(members: ReadonlyMap<string, Member>, count: number, rev: number): void {
    const joined = [...members.values()].filter((member) => !same(this.members.get(member.peer), member))
    const left = [...this.members.keys()].filter((peer) => !members.has(peer))
    this.members.clear()
    for (const [peer, member] of members) this.members.set(peer, member)
    this.count = count
    this.#rev = rev
    const waiting = this.#waiting ?? []
    this.#waiting = null
    this.#changed({ members: this.members, count, joined, left })
    for (const push of waiting) this.push(push)
  }

  #apply(push: MembersPush): void {
    const { joined = [], left = [] } = push
    this.#rev = push.rev
    const named = push.joined !== undefined || push.left !== undefined
    // Names come again after only counts came: the map is not the one they belong to.
    if (named && this.members.size !== this.count) return this.#list()
    this.count = push.count
    if (!named && this.members.size !== push.count) this.members.clear()
    for (const peer of left) this.members.delete(peer)
    for (const member of joined) this.members.set(member.peer, member)
    this.#changed({ members: this.members, count: push.count, joined, left })
  }
}

function same(a: Member | undefined, b: Member): boolean {
  return a !== undefined && a.user === b.user && JSON.stringify(a.info) === JSON.stringify(b.info)
}
