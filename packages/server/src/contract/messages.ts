// Messages as the contract has them: what is published is given to the schema of its channel, and what the schema makes of
// it is stored. A channel that the contract does not name is none of its business.

import { type Contract, channelContract, type Schema } from '@tautline/contract'
import {
  type Body,
  type Clock,
  type Json,
  type Limits,
  RealtimeError,
  type StoredBody,
  storeBody,
} from '@tautline/wire'
import { refusal } from './issue.ts'
import { ContractFault, type Verdict, validate } from './validate.ts'

/** A body that was checked, and its form for the store. */
export interface Checked {
  readonly body: Body
  readonly stored: StoredBody
}

/** The schema of a channel. */
interface Spoken {
  /** Does only the server publish here? */
  readonly isServers: boolean
  readonly schema: Schema
  /** Names it in errors. */
  readonly where: string
}

/** Look-ups that are remembered. Names come from peers: without a bound they would fill the memory. */
const REMEMBERED = 4_096

export class Messages {
  private readonly contract: Contract
  private readonly clock: Clock
  private readonly limits: Limits
  private readonly channels: Map<string, Spoken | null> = new Map()
  /** The server's own publications that wait for a schema, by channel. */
  private readonly waiting: Map<string, Promise<unknown>> = new Map()

  constructor(contract: Contract, clock: Clock, limits: Limits) {
    this.contract = contract
    this.clock = clock
    this.limits = limits
  }

  /**
   * Checks a message of one channel.
   *
   * @returns null: the contract does not name the channel; a promise only where the schema gives one
   * @throws RealtimeError `bad-data` with the field, `too-large`; ContractFault
   */
  check(channel: string, body: Body): Checked | Promise<Checked> | null {
    const spoken = this.of(channel)
    if (spoken === null) return null
    if (body.bytes !== undefined) {
      throw new RealtimeError('bad-data', 'this channel has a contract: it carries JSON, not bytes', { field: 'bytes' })
    }
    const verdict = validate(this.clock, spoken.schema, body.data, spoken.where)
    return verdict instanceof Promise
      ? verdict.then((settled) => this.taken(settled, spoken))
      : this.taken(verdict, spoken)
  }

  /** @throws RealtimeError `forbidden`: only the server publishes there */
  checkClient(channel: string): void {
    if (this.of(channel)?.isServers === true) throw new RealtimeError('forbidden', 'only the server publishes here')
  }

  /** As `check`, in order: what a schema keeps waiting is not overtaken by what is published to the channel later. */
  checkInOrder(channel: string, body: Body): Checked | Promise<Checked | null> | null {
    const before = this.waiting.get(channel)
    const checked = before === undefined ? this.check(channel, body) : before.then(() => this.check(channel, body))
    if (!(checked instanceof Promise)) return checked
    const nothing = (): void => {}
    const tail: Promise<void> = checked.then(nothing, nothing)
    this.waiting.set(channel, tail)
    void tail.then(() => {
      if (this.waiting.get(channel) === tail) this.waiting.delete(channel)
    })
    return checked
  }

  private taken(verdict: Verdict, { where }: Spoken): Checked {
    if (verdict.complaint !== undefined) throw refusal(verdict.complaint)
    const body: Body = { data: verdict.value as Json }
    try {
      return { body, stored: storeBody(body, this.limits) }
    } catch (error) {
      // What came was JSON: that it is none any more is the schema's doing.
      if (!(error instanceof RealtimeError) || error.code !== 'bad-data') throw error
      throw new ContractFault(`the schema of ${where} gives what is no JSON: ${error.message}`)
    }
  }

  private of(channel: string): Spoken | null {
    const known = this.channels.get(channel)
    if (known !== undefined) return known
    const found = channelContract(this.contract, channel)
    const spoken = found && {
      schema: found.channel.message,
      where: `channels['${found.pattern}'].message`,
      isServers: found.channel.publish === false,
    }
    if (this.channels.size >= REMEMBERED) this.channels.delete(this.channels.keys().next().value as string)
    this.channels.set(channel, spoken)
    return spoken
  }
}
