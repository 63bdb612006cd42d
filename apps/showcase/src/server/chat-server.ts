// Between the engine's sockets and the room: checks every message, limits its rate, encodes once for everybody.
// It never believes a client: who somebody is follows from the key only that browser knows.
import { createHash } from 'node:crypto'
import { type PreparedMessage, prepare, type Socket } from '@tautline/websocket'
import { type ClientMessage, checkClientMessage, type ServerMessage } from '../shared/messages.ts'
import { type Outlet, Room } from './chat.ts'
import { TokenBucket } from './token-bucket.ts'

/** Messages at once and per second for one connection; a message to say costs 1. */
const BURST = 20
const PER_SECOND = 5
/** Refusals at once and per second before a connection is closed with 1008. */
const PATIENCE = 60
const PATIENCE_PER_SECOND = 1
/** Milliseconds a connection may stay without saying hello. */
/** A message behind a refused one comes again after so long; who never repeats the refused one waits no longer than that. */
const IN_TURN = 1000
const DUE_FOR = 10_000
const HELLO_TIMEOUT = 10_000
const COST: Readonly<Record<ClientMessage['type'], number>> = { hello: 1, say: 1, rename: 2, typing: 0.25, ping: 0.25 }

export interface ChatServerOptions {
  readonly epoch: string
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Milliseconds since 1970. */
  readonly wallClock: () => number
  readonly log: (event: string, fields?: Readonly<Record<string, string | number>>) => void
}

interface Session {
  readonly socket: Socket
  readonly bucket: TokenBucket
  readonly patience: TokenBucket
  readonly helloTimer: NodeJS.Timeout
  joined: boolean
  /** The message that was refused for its rate and comes again: until then no later one may overtake it. */
  due: { readonly id: string; readonly until: number } | null
}

/** The chat behind `createServer`'s connection callback. */
export class ChatServer {
  readonly room: Room<Session>
  readonly #options: ChatServerOptions

  constructor(options: ChatServerOptions) {
    this.#options = options
    this.room = new Room(options.epoch, outlet)
  }

  /** Takes over an open connection. */
  accept(socket: Socket): void {
    const now = this.#options.now()
    const helloTimer = setTimeout(() => socket.close(1008, 'no hello in time'), HELLO_TIMEOUT)
    helloTimer.unref()
    const session: Session = {
      socket,
      bucket: new TokenBucket(BURST, PER_SECOND, now),
      patience: new TokenBucket(PATIENCE, PATIENCE_PER_SECOND, now),
      helloTimer,
      joined: false,
      due: null,
    }
    socket.onmessage = (text, isBinary) => {
      if (isBinary || typeof text !== 'string') socket.close(1003, 'text messages only')
      else this.#receive(session, text)
    }
    socket.onerror = (error) => {
      this.#options.log('connection failed', { from: socket.remoteAddress ?? '', error: error.message })
    }
    socket.onclose = () => {
      clearTimeout(helloTimer)
      this.room.leave(session)
    }
  }

  #receive(session: Session, text: string): void {
    // What arrives after our close frame was sent is not for us any more.
    if (session.socket.state !== 'open') return
    const { message, problem, id } = readable(checkClientMessage(text))
    if (message === undefined) {
      this.#options.log('message refused', { from: session.socket.remoteAddress ?? '', problem })
      this.#refuse(session, { type: 'refused', ...id, reason: 'invalid', retryAfter: 0 }, 10)
      return
    }
    const wait = this.#waitFor(session, message)
    if (wait > 0) {
      const named = message.type === 'say' ? { id: message.id } : {}
      this.#refuse(session, { type: 'refused', ...named, reason: 'rate', retryAfter: wait }, 1)
      return
    }
    this.#obey(session, message)
  }

  /** Milliseconds until the message may come (again); 0: now. */
  #waitFor(session: Session, message: ClientMessage): number {
    const now = this.#options.now()
    const { due } = session
    if (message.type !== 'say') return session.bucket.take(COST[message.type], now)
    if (due !== null && due.id !== message.id && now < due.until) return IN_TURN
    const wait = session.bucket.take(COST.say, now)
    session.due = wait > 0 ? { id: message.id, until: now + wait + DUE_FOR } : null
    return wait
  }

  #obey(session: Session, message: ClientMessage): void {
    if (message.type === 'hello' && session.joined) {
      this.#refuse(session, { type: 'refused', reason: 'invalid', retryAfter: 0 }, 10)
    } else if (message.type === 'hello') {
      clearTimeout(session.helloTimer)
      session.joined = this.room.join(session, userOf(message.key), message.name, message.known)
      if (!session.joined) session.socket.close(1008, 'too many tabs')
    } else if (!session.joined) {
      session.socket.close(1008, 'hello comes first')
    } else if (message.type === 'say') {
      this.room.say(session, message.id, message.text, this.#options.wallClock())
    } else if (message.type === 'rename') {
      this.room.rename(session, message.name)
    } else if (message.type === 'typing') {
      this.room.typing(session)
    } else {
      send(session, JSON.stringify({ type: 'pong', at: message.at } satisfies ServerMessage))
    }
  }

  #refuse(session: Session, answer: ServerMessage, cost: number): void {
    if (session.patience.take(cost, this.#options.now()) > 0) {
      this.#options.log('connection closed', { from: session.socket.remoteAddress ?? '', reason: 'too many refusals' })
      session.socket.close(1008, 'too many refused messages')
      return
    }
    send(session, JSON.stringify(answer))
  }
}

function readable(checked: ReturnType<typeof checkClientMessage>): {
  message: ClientMessage | undefined
  problem: string
  id: { id?: string }
} {
  if (checked.problem === undefined) return { message: checked.message, problem: '', id: {} }
  return { message: undefined, problem: checked.problem, id: checked.id === undefined ? {} : { id: checked.id } }
}

/** Everybody may see a person's id and nobody can guess the key behind it. It stays the same after a restart. */
function userOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, 12)
}

function send(session: Session, message: string | PreparedMessage): void {
  // Over `maxBuffered` nobody reads at the other end: the page comes back and asks for what it missed.
  if (session.socket.send(message) === 'dropped' && session.socket.state === 'open') session.socket.terminate()
}

const outlet: Outlet<Session> = {
  toOne: (session, message) => send(session, JSON.stringify(message)),
  toMany: (sessions, message) => {
    // Framed once, the same bytes for everybody. A terminated session may leave while we iterate: take a copy.
    const prepared = prepare(JSON.stringify(message))
    for (const session of Array.from(sessions)) send(session, prepared)
  },
}
