// Streams that are no connection yet, or never will be: one waits while the application decides, one is seen off after
// a refusal. Both hold nothing of what the peer sends.

import { isRefusal, REFUSALS } from '@tautline/protocol'
import { type Carrier, listen, type StreamListener } from '../stream-events.ts'
import type { TimerWheel, WheelEntry } from '../timer-wheel.ts'
import type { Authorization, Authorize, UpgradeRequest } from './options.ts'

/** How long a refused peer may take to read its answer, in ms. */
const LINGER_MS = 2000

/** Has the stream for a limited time. What arrives is dropped; errors only mean that it closes. */
abstract class Interim implements StreamListener, WheelEntry {
  wheelPrevious: WheelEntry | null = null
  wheelNext: WheelEntry | null = null
  wheelTick = 0
  protected readonly stream: Carrier
  private readonly wheel: TimerWheel

  constructor(stream: Carrier, wheel: TimerWheel, ms: number) {
    this.stream = stream
    this.wheel = wheel
    listen(stream, this)
    wheel.set(this, ms)
  }

  abstract onDeadline(): void
  abstract onStreamEnd(): void

  read(): void {}

  onStreamDrain(): void {}

  onStreamError(): void {}

  onStreamClose(): void {
    this.cancel()
  }

  cancel(): void {
    this.wheel.clear(this)
  }
}

/**
 * What `authorize` came to: without a refusal the request passes; 'gone' means that there is nobody left to answer.
 * `cause` is what it threw.
 */
export type Decision = { readonly refusal: Authorization; readonly cause?: unknown } | 'gone'

/** While `authorize` is asked the stream is paused: TCP holds back what an eager client sends. */
class Asking extends Interim {
  private readonly settle: (decision: Decision) => void

  constructor(stream: Carrier, wheel: TimerWheel, ms: number, settle: (decision: Decision) => void) {
    super(stream, wheel, ms)
    this.settle = settle
    stream.pause()
  }

  onDeadline(): void {
    this.settle({ refusal: REFUSALS['handshake-timeout'] })
  }

  onStreamEnd(): void {
    this.stream.destroy()
  }

  override onStreamClose(): void {
    super.onStreamClose()
    this.settle('gone')
  }
}

/**
 * Asks the application about a request. Settles once: with its decision, when it takes longer than `ms`, or when the
 * peer goes away; a decision that comes later is nobody's.
 */
export async function decide(
  stream: Carrier,
  request: UpgradeRequest,
  authorize: Authorize,
  wheel: TimerWheel,
  ms: number,
): Promise<Decision> {
  const { promise, resolve } = Promise.withResolvers<Decision>()
  const asking = new Asking(stream, wheel, ms, resolve)
  // An async function, so that a synchronous throw is a rejection too.
  const ask = async () => authorize(request)
  ask().then(
    (answer) => resolve({ refusal: checked(answer) }),
    (cause) => resolve({ refusal: REFUSALS['internal-error'], cause }),
  )
  const decision = await promise
  asking.cancel()
  return stream.destroyed ? 'gone' : decision
}

/** Its request is read, and others come first. */
export class Queued extends Interim {
  constructor(stream: Carrier, wheel: TimerWheel, ms: number) {
    super(stream, wheel, ms)
    stream.pause()
  }

  onDeadline(): void {
    this.stream.destroy()
  }

  onStreamEnd(): void {
    this.stream.destroy()
  }
}

/** After the answer: reads on, for closing with unread bytes would reset the answer away, and answers nothing more. */
export class Farewell extends Interim {
  constructor(stream: Carrier, wheel: TimerWheel) {
    super(stream, wheel, LINGER_MS)
    stream.resume()
  }

  onDeadline(): void {
    this.stream.destroy()
  }

  onStreamEnd(): void {
    this.stream.end()
  }
}

/** Not typed JavaScript may answer true or false, which says nothing certain: then nobody is let in. */
function checked(answer: unknown): Authorization {
  if (answer === undefined || answer === null) return undefined
  return typeof answer === 'object' && isRefusal(answer) ? answer : REFUSALS['internal-error']
}
