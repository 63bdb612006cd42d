// What a simulated application publishes, and what it was told of each publication.

import { RealtimeError } from '@tautline/wire'
import type { Publish } from '../checker/mod.ts'
import type { Following } from './following.ts'
import type { Page, Writable } from './page.ts'
import { type Content, contentOf } from './payload.ts'

/** How it is published. */
export interface PublishWish {
  /** Characters beside the name. */
  readonly weight?: number
  readonly state?: string | null
}

/** All publications of one application. */
export class Publishing {
  readonly publishes: Writable<Publish>[] = []
  /** What was published before the last reload. */
  readonly before: Set<string> = new Set()
  readonly #page: Page
  readonly #following: Following
  #sent = 0
  #reloads = 0

  constructor(page: Page, following: Following) {
    this.#page = page
    this.#following = following
  }

  /** One, or some at once. */
  some(channel: string): void {
    const { chance } = this.#page
    const count = chance.happens(0.3) ? chance.between(2, 12) : 1
    for (let i = 0; i < count; i++) this.publish(channel)
  }

  publish(channel: string, wish: PublishWish = {}): void {
    const { chance, client, machine, name, note, parts } = bound(this.#page)
    const payload = `${name}.${++this.#sent}`
    const { weight = chance.happens(0.1) ? chance.between(500, 20_000) : 0 } = wish
    const { state = chance.happens(0.5) ? chance.pick(['s', 't']) : null } = wish
    const content = contentOf(payload, weight, chance.happens(0.15))
    const invoked = machine.now()
    const publish: Writable<Publish> = {
      client: name,
      page: this.#reloads,
      channel,
      payload,
      key: null,
      invoked,
      settled: null,
      outcome: 'pending',
    }
    this.publishes.push(publish)
    note(channel, `publishes ${payload}`)
    client
      .channel<Content>(channel)
      .publish(content, state === null ? {} : { state })
      .then(
        (result) => {
          Object.assign(publish, { outcome: 'ok', position: result.position, key: result.key, settled: machine.now() })
          publish.duplicate = result.duplicate === true
          note(channel, `${payload} is at ${result.position?.offset}${publish.duplicate ? ' (known)' : ''}`)
          if (result.position !== null && chance.happens(0.2)) this.#following.reach(channel, result.position)
        },
        (error: unknown) => {
          settle(publish, error, machine.now())
          note(channel, `${payload} is ${publish.outcome}: ${publish.code}`)
          if (!(error instanceof RealtimeError)) parts.failed(error)
        },
      )
  }

  /** The page is gone: nobody is there any more to be told. */
  reload(): void {
    this.#reloads++
    for (const publish of this.publishes) {
      this.before.add(publish.payload)
      if (publish.outcome === 'pending') Object.assign(publish, { outcome: 'unknown', code: 'reloaded' })
    }
  }
}

/** Takes down how a publication ended badly. */
export function settle(publish: Writable<Publish>, error: unknown, at: number): void {
  const known = error instanceof RealtimeError ? error : null
  publish.outcome = known?.retry === 'no' && known.code !== 'key-expired' ? 'failed' : 'unknown'
  publish.code = known?.code ?? String(error)
  publish.settled = at
}

/** The page as it is now: what is told later must not reach its successor. */
function bound(page: Page): Page {
  const { name, parts, chance, machine, client } = page
  return { name, parts, chance, machine, client, note: (channel, text) => page.note(channel, text) }
}
