// The server's state of one client, on any transport: it hands each command to whoever obeys it, and answers. It knows no channel's log and no network; what lasts longer than the connection is the client's to keep.

import { createHash } from 'node:crypto'
import {
  type Body,
  base64url,
  type Codec,
  type Command,
  type Connected,
  DISCONNECTS,
  type DisconnectName,
  type Json,
  type Ok,
  type Push,
  RealtimeError,
} from '@tautline/wire'
import { Access, type Asker } from '../access/access.ts'
import { textOf } from '../error-text.ts'
import type { Unit } from '../hub/unit.ts'
import type { Link, LinkEvents, LinkRequest } from '../link.ts'
import type { Node } from '../node.ts'
import type { Grant, Who } from '../options.ts'
import { Calls } from '../rpc/calls.ts'
import { Attachments } from './attachments.ts'
import { connect, refuseConnection } from './connect.ts'
import type { Beating } from './heartbeat.ts'
import { Inbox, type Obedient } from './inbox.ts'
import { Lifetime, type Mortal } from './lifetime.ts'
import { obey } from './obey.ts'
import { Outbox, type OutboxOwner } from './outbox.ts'
import { Publishes } from './publishes.ts'

type State = 'greeting' | 'connecting' | 'open' | 'closed'

export class Session implements LinkEvents, Obedient, Asker, OutboxOwner, Mortal, Beating {
  /** Names the connection: node, '~', 96 random bits. */
  readonly conn: string
  /** Whoever knows it may replace this connection. */
  readonly secret: string
  readonly node: Node
  readonly link: Link
  readonly request: LinkRequest
  readonly codec: Codec
  readonly outbox: Outbox
  readonly access: Access
  readonly attachments: Attachments
  readonly lifetime: Lifetime
  /** The time that this client was told, minus the monotonic clock: a step of the wall clock is none of its business. */
  private readonly ahead: number
  /** The client's secret, and the pseudonym that is shown to others. */
  client = ''
  peer = ''
  user: string | undefined = undefined
  info: Json | undefined = undefined
  /** By what it may be revoked, and the store's time at which it was let in last, ms since 1970. */
  token: Grant['token'] = undefined
  since: number = Number.NEGATIVE_INFINITY
  /** Its token is good for nothing any more: what it published and is not stored yet never is. */
  isVoid = false
  private claims: Grant['claims'] = undefined
  private state: State = 'greeting'
  /** Commands that are not answered yet. */
  private inFlight = 0
  private readonly inbox: Inbox
  /** Of those who only listen there are many: what they never need is not made. */
  private ownPublishes: Publishes | null = null
  private ownCalls: Calls | null = null
  /** That it was not let in is no fault of its own. */
  private excused = false

  constructor(node: Node, link: Link, request: LinkRequest) {
    this.node = node
    this.link = link
    this.request = request
    this.codec = link.codec
    this.conn = `${node.name}~${base64url(node.random.bytes(12))}`
    this.secret = base64url(node.random.bytes(16))
    this.inbox = new Inbox(this)
    this.outbox = new Outbox(link, node.clock, this, node.admission.settings.outboxBytes)
    this.access = new Access(this)
    this.attachments = new Attachments(this)
    this.lifetime = new Lifetime(this)
    this.ahead = node.storeTime() - node.clock.now()
    node.add(this)
    link.open(this)
  }

  get publishes(): Publishes {
    this.ownPublishes ??= new Publishes(this)
    return this.ownPublishes
  }

  get calls(): Calls {
    this.ownCalls ??= this.makeCalls()
    return this.ownCalls
  }

  get isConnecting(): boolean {
    return this.state === 'connecting'
  }

  get isOpen(): boolean {
    return this.state === 'open'
  }

  get isClosed(): boolean {
    return this.state === 'closed'
  }

  /** An answer was as much work as several messages. */
  charge(items: number): void {
    this.inbox.charge(items)
  }

  /** @inheritDoc */
  get isHeld(): boolean {
    return this.inbox.isHeld
  }

  get who(): Who {
    return { user: this.user, peer: this.peer, info: this.info, claims: this.claims }
  }

  /** @inheritDoc */
  frame(frame: string | Uint8Array): void {
    if (this.state === 'closed') return
    this.lifetime.heard()
    this.inbox.frame(frame)
  }

  /** @inheritDoc */
  ping(): void {
    this.inbox.ping()
  }

  /** @inheritDoc */
  drained(): void {
    if (this.state === 'closed') return
    this.outbox.drained()
    if (this.outbox.flowing) this.ownCalls?.drained()
  }

  /** @inheritDoc */
  closed(clean = false): void {
    this.over(clean, null)
  }

  /** @param code with which the server ended it; null: the client did, or the network */
  private over(clean: boolean, code: number | null): void {
    if (this.state === 'closed') return
    const wasOpen = this.state === 'open'
    // Whoever went away, or was sent away for its own fault, before it was let in; and who speaks something else.
    const broke = code === DISCONNECTS.malformed.code || code === DISCONNECTS['too-large'].code
    if (broke || (!wasOpen && !this.excused))
      this.node.admission.failed(this.request.remoteAddress, this.request.headers)
    this.state = 'closed'
    this.lifetime.end()
    this.inbox.clear()
    this.outbox.close()
    this.ownCalls?.end()
    this.attachments.end(clean)
    this.node.remove(this)
    this.node.metrics.count('tautline_disconnects_total', 1, code === null ? (clean ? 'client' : 'lost') : `${code}`)
    if (wasOpen) this.node.sayGoodbye(this, code ?? (clean ? 1000 : 1006))
  }

  reply(id: number, ok: Ok): void {
    this.inFlight--
    this.outbox.send(this.codec.encode({ id, ok }))
  }

  refuse(id: number, error: unknown): void {
    this.inFlight--
    const known = this.failureOf(error)
    this.node.metrics.count('tautline_errors_total', 1, known.code)
    if (known.code === 'too-large') this.node.admission.count('body')
    this.outbox.send(this.codec.encode({ id, error: known.toFailure() }))
  }

  /** A push of this connection alone. */
  push(push: Push): void {
    if (this.state === 'open') this.outbox.send(this.codec.encode(push))
  }

  /** Ahead of everything that waits: `ping` and `bye`. */
  overtake(push: Push): void {
    this.outbox.overtake(this.codec.encode(push))
  }

  /** A push that others get too. */
  share(unit: Unit): void {
    if (this.state === 'open') this.outbox.send(unit.frame(this.codec))
  }

  /** A direct message. */
  tell(body: Body): void {
    this.push({ ev: 'msg', ...body })
  }

  /** It is not let in, and that does not speak against it. */
  excuse(): void {
    this.excused = true
  }

  /** Ends the connection for a reason of the table. */
  bye(name: DisconnectName, text?: string, after?: number): void {
    const { code, text: reason } = DISCONNECTS[name]
    this.disconnect(code, text ?? reason, after)
  }

  disconnect(code: number, reason: string, after?: number): void {
    if (this.state === 'closed') return
    this.isVoid = code === DISCONNECTS['token-expired'].code || code === DISCONNECTS['token-revoked'].code
    this.overtake({ ev: 'bye', code, reason, ...(after === undefined ? null : { after }) })
    this.link.close(code, reason)
    // 44xx are decisions: whoever was sent away is gone for the others at once. Who was replaced is still there.
    this.over(code >= 4400 && code !== DISCONNECTS.replaced.code, code)
  }

  /** @inheritDoc */
  overflowed(): void {
    this.node.admission.count('outbox bytes')
    this.bye('slow')
  }

  /** @inheritDoc */
  broke(error: unknown): void {
    this.node.log('link failed', { error: textOf(error) })
    this.closed()
    this.link.cut()
  }

  /** The server's time as this client knows it, ms since 1970 (tautline.v1 §7.2). */
  time(): number {
    return Math.round(this.ahead + this.node.clock.now())
  }

  /** @inheritDoc */
  look(mostQuiet: number, mostSilent: number): void {
    this.lifetime.look(mostQuiet, mostSilent)
  }

  /** A token for a channel: by its id the connection may be found. */
  hold(token: string): void {
    this.node.holders.hold(this, token)
  }

  drop(token: string): void {
    this.node.holders.drop(this, token)
  }

  /** Who it is, by the token that it brought last. */
  identify(grant: Grant): void {
    this.user = grant.user
    this.info = grant.info
    this.claims = grant.claims
    this.node.holders.drop(this, this.token?.id)
    this.token = grant.token
    this.since = this.node.storeTime()
    this.node.holders.hold(this, this.token?.id)
    this.access.renew(grant)
    this.lifetime.setExpiry(grant.expires)
  }

  /** A token that it brought is void: its own, or one for a channel. */
  revoke(token: string): void {
    if (this.token?.id === token) return this.bye('token-revoked')
    this.access.revoke(token)
    this.attachments.decideAgain()
  }

  /** Takes the outcome of `connect`. */
  opened(id: number, grant: Grant, answer: Connected): void {
    this.lifetime.greeted()
    this.state = 'open'
    // Before anything is sent: sending may end the connection, and then the user has to be forgotten again.
    if (grant.user !== undefined) this.node.addUser(this, grant.user)
    this.reply(id, answer)
    if (!this.node.health.ok) this.push({ ev: 'health', ok: false })
    this.inbox.goOn()
  }

  setClient(client: string): void {
    this.client = client
    this.peer = createHash('sha256').update(client).digest().toString('base64url', 0, 12)
  }

  /** What the peer learns of an error. One that no table knows is a fault of an application's hook: no more than that. */
  failureOf(error: unknown): RealtimeError {
    if (error instanceof RealtimeError) return error
    this.node.log('hook failed', { error: textOf(error) })
    return new RealtimeError('unavailable', 'the server failed at this', { after: 1_000 })
  }

  /** @inheritDoc */
  take(command: Command): void {
    this.inFlight++
    this.node.metrics.count('tautline_commands_total', 1, command.op)
    if (this.state === 'greeting') this.greet(command)
    else if (this.inFlight > this.node.limits.inflight) this.tooMany(command)
    else if (command.op === 'pong') this.inFlight--
    else obey(this, command)
  }

  /** @inheritDoc */
  turnAway(id: number, command: Command | undefined, error: RealtimeError): void {
    this.inFlight++
    if (command?.op === 'publish') this.publishes.refused(command, error)
    if (command?.op === 'pong') this.inFlight--
    else this.refuse(id, error)
  }

  /** @inheritDoc */
  refuseUnread(id: number, op: unknown, error: RealtimeError): void {
    const isFirst = this.state === 'greeting'
    if (isFirst && op !== 'connect') return this.bye('malformed', 'connect comes first')
    this.inFlight++
    this.refuse(id, error)
    if (isFirst) refuseConnection(this, error)
  }

  private greet(command: Command): void {
    if (command.op !== 'connect') return this.bye('malformed', 'connect comes first')
    this.state = 'connecting'
    this.link.pause()
    void connect(this, command)
  }

  private tooMany(command: Command): void {
    const error = new RealtimeError('rate', `more than ${this.node.limits.inflight} commands are not answered yet`, {
      after: 1_000,
    })
    this.node.admission.count('commands in flight')
    this.inFlight--
    this.turnAway(command.id, command, error)
  }

  private makeCalls(): Calls {
    const { node } = this
    return new Calls({
      procedures: node.procedures,
      clock: node.clock,
      limit: node.limits.rpc,
      reply: (id, outcome) => (outcome instanceof RealtimeError ? this.refuse(id, outcome) : this.reply(id, outcome)),
      push: (push) => {
        this.push(push)
        return this.outbox.flowing
      },
      onFailure: (error, method) => node.log('procedure failed', { method, error: textOf(error) }),
      onLimit: () => node.admission.count('calls'),
    })
  }
}
