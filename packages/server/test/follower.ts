// A client that knows the chain rule of tautline.v1 §4.3 and nothing else, and is not forgiving: on one connection a
// server in order never breaks a chain, never says anything twice that was not asked for again, and loses nothing that its
// log still has.
import assert from 'node:assert/strict'
import { crosses, type Fence, follow, type Position, type Publication, type Subscribed } from '@tautline/wire'
import type { Realtime } from '../src/mod.ts'
import { Peer, REQUEST } from './peer.ts'

/** A channel as a follower sees it, over all its connections. */
interface Followed {
  readonly channel: string
  position: Position | null
  /** Of the connection: the epoch that publications belong to. */
  wire: string
  policy: unknown
  state: 'off' | 'asked' | 'on'
  /** What lies behind this was asked for again. */
  askedFrom: number
  /** What every answer promised. */
  head: Position | null
  /** Newest number of an ephemeral channel. */
  last: number
}

export class Follower {
  readonly name: string
  peer: Peer | null = null
  readonly channels: Map<string, Followed> = new Map()
  /** Id by channel and offset, of everything that was delivered. */
  readonly delivered: Map<string, string> = new Map()
  gaps = 0
  private seen = 0
  private readonly asked: Map<number, { readonly followed: Followed; readonly op: 'subscribe' | 'unsubscribe' }> =
    new Map()

  constructor(name: string) {
    this.name = name
  }

  /** Connects, resuming what it follows. */
  connect(realtime: Realtime): void {
    if (this.peer !== null) return
    this.peer = new Peer()
    this.seen = 0
    this.asked.clear()
    realtime.accept(this.peer, REQUEST)
    const resume = []
    for (const followed of this.channels.values()) {
      if (followed.state === 'off') continue
      followed.state = 'asked'
      followed.askedFrom = Number.POSITIVE_INFINITY
      const { channel: ch, policy, position } = followed
      resume.push({ ch, from: position ?? 'head', ...(policy === undefined ? null : { policy }) })
    }
    this.peer.say({ op: 'connect', client: this.name, features: [], resume })
  }

  cut(clean: boolean): void {
    // What the network holds is gone with it.
    this.listen()
    this.peer?.vanish(clean)
    this.peer = null
  }

  subscribe(channel: string, from: 'position' | 'head' | { last: number }, policy: unknown): void {
    if (this.peer === null) return
    this.listen()
    const known = this.channels.get(channel)
    const followed: Followed = known ?? {
      channel,
      position: null,
      wire: '',
      policy,
      state: 'off',
      askedFrom: Number.POSITIVE_INFINITY,
      head: null,
      last: 0,
    }
    this.channels.set(channel, followed)
    // Where it begins is decided once.
    if (followed.position === null && followed.state === 'asked') return
    // A follower that has a place keeps it: beginning elsewhere would hide a hole.
    const begin = followed.position ?? (from === 'position' ? 'head' : from)
    followed.policy = policy
    followed.state = 'asked'
    followed.askedFrom = Math.min(followed.askedFrom, followed.position?.offset ?? Number.POSITIVE_INFINITY)
    const id = this.peer.say({
      op: 'subscribe',
      ch: channel,
      from: begin,
      ...(policy === undefined ? null : { policy }),
    })
    this.asked.set(id, { followed, op: 'subscribe' })
  }

  unsubscribe(channel: string): void {
    const followed = this.channels.get(channel)
    if (this.peer === null || followed === undefined) return
    this.listen()
    this.asked.set(this.peer.say({ op: 'unsubscribe', ch: channel }), { followed, op: 'unsubscribe' })
  }

  /** Asks again for what the store could not give. */
  repair(): void {
    this.listen()
    for (const followed of this.channels.values()) {
      if (followed.state === 'off' && !this.isAsking(followed))
        this.subscribe(followed.channel, 'position', followed.policy)
    }
  }

  /** Takes what arrived. */
  listen(): void {
    const { peer } = this
    if (peer === null) return
    while (this.seen < peer.received.length) this.take(peer.received[this.seen++] as unknown as Record<string, unknown>)
    if (peer.closedWith !== null) this.peer = null
  }

  private take(message: Record<string, unknown>): void {
    const { ev, ch } = message as { ev?: string; ch?: string }
    if (ev === undefined) return this.reply(message as { id: number; ok?: unknown; error?: { code: string } })
    if (ev === 'ping') {
      this.peer?.sayText('{"id":0,"op":"pong"}')
      return
    }
    if (ev === 'bye' || ev === 'health') return
    const followed = this.channels.get(ch as string)
    assert.ok(followed !== undefined && followed.state !== 'off', `${this.name}: ${ev} of ${ch}, which is not followed`)
    if (ev === 'sub') this.answered(followed, message as unknown as Subscribed)
    else if (ev === 'unsub') {
      assert.equal((message['error'] as { code: string }).code, 'unavailable')
      followed.state = 'off'
    } else if (ev === 'pub') this.publication(followed, message as unknown as Publication)
    else if (ev === 'fence') this.fence(followed, message as unknown as Fence)
    else if (ev === 'gap') this.gap(followed, message as unknown as { to: Position; count: number })
    else if (ev === 'lost') this.lost(followed, message)
    else assert.fail(`${this.name}: ${JSON.stringify(message)}`)
  }

  private reply({ id, ok, error }: { id: number; ok?: unknown; error?: { code: string } }): void {
    const asked = this.asked.get(id)
    if (asked === undefined) return
    this.asked.delete(id)
    if (asked.op === 'unsubscribe') {
      // A later subscribe may have been sent already.
      if (!this.isAsking(asked.followed)) asked.followed.state = 'off'
    } else if (ok !== undefined) this.answered(asked.followed, ok as Subscribed)
    else {
      assert.equal(error?.code, 'unavailable', `${this.name}: ${JSON.stringify(error)}`)
      if (!this.isAsking(asked.followed)) asked.followed.state = 'off'
    }
  }

  private isAsking(followed: Followed): boolean {
    return [...this.asked.values()].some((one) => one.followed === followed)
  }

  private answered(followed: Followed, { outcome, start, head, mode, lost }: Subscribed): void {
    followed.state = 'on'
    if (mode !== 'log') return
    assert.ok(start !== null && head !== null)
    const { position } = followed
    assert.notEqual(outcome, 'lost', `${this.name} at ${JSON.stringify(position)}: ${JSON.stringify(lost)}`)
    followed.wire = start.epoch
    followed.head = head
    if (outcome === 'fresh' || position === null) {
      assert.ok(position === null && outcome === 'fresh', `${this.name}: ${outcome} at ${JSON.stringify(position)}`)
      followed.position = start
    } else if (position.offset === start.offset && position.id === start.id) {
      followed.position = { ...position, epoch: start.epoch }
    }
  }

  private publication(followed: Followed, publication: Publication): void {
    const { off, id, ch } = publication
    if (off === undefined) {
      const { n } = publication.data as { n: number }
      assert.ok(n > followed.last, `${this.name}: ${n} after ${followed.last} of ${ch}`)
      followed.last = n
      return
    }
    const position = followed.position as Position
    const link = { epoch: followed.wire, offset: off, prev: publication.prev ?? off - 1, id }
    const step = follow(position, link)
    const said = `${this.name} of ${ch}: stood at ${JSON.stringify(position)}, got ${JSON.stringify(link)}`
    assert.notEqual(step, 'broken', said)
    if (step === 'duplicate') return assert.ok(off > followed.askedFrom, `twice: ${said}`)
    assert.equal(this.delivered.get(`${ch} ${off}`) ?? id, id, `two entries at one offset: ${said}`)
    followed.position = { epoch: followed.wire, offset: off, id }
    this.delivered.set(`${ch} ${off}`, id)
  }

  private fence(followed: Followed, fence: Fence): void {
    const position = followed.position as Position
    followed.wire = fence.epoch
    if (crosses(position, fence)) followed.position = { ...position, epoch: fence.epoch }
    else assert.equal(position.epoch, fence.epoch, `${this.name}: ${JSON.stringify(fence)}`)
  }

  private gap(followed: Followed, { to, count }: { to: Position; count: number }): void {
    assert.ok(followed.policy !== undefined && followed.policy !== 'lossless', `${this.name}: a gap without a policy`)
    const position = followed.position as Position
    followed.wire = to.epoch
    if (to.offset <= position.offset) {
      return assert.ok(to.offset > followed.askedFrom, `${this.name}: a gap to ${to.offset} at ${position.offset}`)
    }
    assert.equal(to.epoch, position.epoch)
    // Behind what was asked for again a gap may reach further back than we do.
    if (followed.askedFrom === Number.POSITIVE_INFINITY) assert.equal(count, to.offset - position.offset)
    this.gaps += count
    followed.position = to
  }

  private lost(followed: Followed, message: Record<string, unknown>): void {
    // Only what has no log loses anything here.
    assert.equal(message['start'], null, `${this.name}: ${JSON.stringify(message)}`)
    assert.equal(followed.position, null)
  }
}
