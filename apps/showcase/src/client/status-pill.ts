// Says honestly how the connection stands, and what carries it. The countdown is for eyes only: a screen reader hears
// the changes of state, not every second.
import type { Connection } from './connection.ts'
import { byId } from './dom.ts'

export class StatusPill {
  readonly #connection: Connection
  readonly #now: () => number
  readonly #pill: HTMLElement
  readonly #text: HTMLElement
  readonly #announcement: HTMLElement
  readonly #detail: HTMLElement

  constructor(connection: Connection, now: () => number) {
    this.#connection = connection
    this.#now = now
    this.#pill = byId('status', HTMLParagraphElement)
    this.#text = byId('status-text', HTMLSpanElement)
    this.#announcement = byId('status-announcement', HTMLParagraphElement)
    this.#detail = byId('engine-detail', HTMLSpanElement)
  }

  render(): void {
    const { state, text, spoken } = this.#words()
    this.#pill.dataset['state'] = state
    setText(this.#text, text)
    setText(this.#announcement, spoken)
    setText(this.#detail, this.#engine())
  }

  #words(): { state: string; text: string; spoken: string } {
    const { status } = this.#connection
    const offline = !navigator.onLine
    if (status.state === 'connected') return { state: 'connected', text: 'Connected', spoken: 'Connected' }
    if (status.state === 'idle') return { state: 'idle', text: 'Not connected', spoken: '' }
    if (status.state === 'connecting') return { state: 'connecting', text: 'Connecting …', spoken: '' }
    const seconds = Math.max(0, Math.ceil((status.until - this.#now()) / 1000))
    const when = seconds === 0 ? 'now' : `in ${seconds} s`
    if (offline) return { state: 'offline', text: `Offline, next try ${when}`, spoken: 'Offline' }
    this.#pill.title = status.reason
    return { state: 'waiting', text: `Reconnecting ${when}`, spoken: 'Connection lost, reconnecting' }
  }

  #engine(): string {
    const { status, traffic, roundTrip, extensions } = this.#connection
    const parts: string[] = []
    if (status.state === 'connected' && roundTrip !== null) parts.push(`round trip ${milliseconds(roundTrip)}`)
    parts.push(`${traffic.receivedMessages} messages in (${bytes(traffic.receivedBytes)})`)
    parts.push(`${traffic.sentMessages} out (${bytes(traffic.sentBytes)})`)
    if (extensions.startsWith('permessage-deflate')) parts.push('compressed')
    return parts.join(' · ')
  }
}

function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text
}

function milliseconds(value: number): string {
  return value < 1 ? 'under 1 ms' : `${Math.round(value)} ms`
}

function bytes(count: number): string {
  return count < 1000
    ? `${count} B`
    : count < 1_000_000
      ? `${(count / 1000).toFixed(1)} kB`
      : `${(count / 1e6).toFixed(1)} MB`
}
