// How the connection stands, in words a person can trust: "Live" is said only when everything up to now is on the page.
// Pure; status.ts draws it.
import type { ClientState, SubscriptionState } from '@tautline/client'

export type Standing = 'idle' | 'connecting' | 'waiting' | 'catching-up' | 'live' | 'degraded' | 'stopped'

export interface Situation {
  readonly client: ClientState
  /** Of the open room; null: none is open. */
  readonly room: SubscriptionState | null
  /** Does the server reach its store? */
  readonly healthy: boolean
  /** Milliseconds until the next attempt. */
  readonly retryIn: number
  /** false: this machine is certainly offline. */
  readonly online: boolean
  /** What the server said when it ended the connection, or ''. */
  readonly reason: string
  /** Messages of ours that the server has not taken yet. */
  readonly unsent: number
}

export interface Words {
  readonly standing: Standing
  /** For the eyes. */
  readonly text: string
  /** For a screen reader: the change, not every second of the countdown. */
  readonly spoken: string
  /** A sentence above the composer; '': everything is as it should be. */
  readonly banner: string
  /** What a click on the banner's button does; '': no button. */
  readonly action: '' | 'Try now' | 'Connect again'
}

export function wordsFor(situation: Situation): Words {
  const { client, room, healthy, reason } = situation
  if (client === 'idle') return plain('idle', 'Not connected')
  if (client === 'stopped') {
    const banner = `The server ended this connection${reason === '' ? '' : `: ${reason}`}.`
    return { ...plain('stopped', 'Disconnected'), banner, action: 'Connect again' }
  }
  if (client === 'waiting') return waiting(situation)
  if (client === 'connecting') return { ...plain('connecting', 'Connecting …'), banner: kept(situation) }
  if (!healthy) {
    const banner = 'The server does not reach its store. What you write is kept here until it does.'
    return { ...plain('degraded', 'Store unreachable'), banner }
  }
  if (room === 'joining' || room === 'catching-up' || room === 'resyncing') return plain('catching-up', 'Catching up …')
  if (room === 'waiting') return plain('catching-up', 'Entering …')
  return plain('live', 'Live')
}

function waiting(situation: Situation): Words {
  const seconds = Math.max(0, Math.ceil(situation.retryIn / 1000))
  const when = seconds === 0 ? 'now' : `in ${seconds} s`
  const { online } = situation
  return {
    standing: 'waiting',
    text: online ? `Reconnecting ${when}` : `Offline, next try ${when}`,
    spoken: online ? 'Connection lost, reconnecting' : 'Offline',
    banner: kept(situation),
    action: 'Try now',
  }
}

function kept({ unsent }: Situation): string {
  if (unsent === 0) return 'No connection. Keep writing: it is sent as soon as the server is back.'
  const messages = unsent === 1 ? '1 message waits' : `${unsent} messages wait`
  return `No connection. ${messages} in this tab and will be sent once, as soon as the server is back.`
}

function plain(standing: Standing, text: string): Words {
  return { standing, text, spoken: text, banner: '', action: '' }
}
