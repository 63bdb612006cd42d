// `PerMessageDeflate` of ws: the options of permessage-deflate and what they make of an offer. It negotiates; the
// engine compresses, so the methods that would are not here.

import type { DeflateOffer, DeflateParameters } from '@tautline/websocket/face'
import type { ExtensionParameters } from './extension.ts'
import type { PerMessageDeflateOptions } from './types.ts'

/** The parameters that were agreed on, under their names on the wire. */
export interface AcceptedParameters {
  server_no_context_takeover?: true
  client_no_context_takeover?: true
  server_max_window_bits?: number
  client_max_window_bits?: number | true
}

const MAX_BITS = 15

/** One negotiation of permessage-deflate. */
export class PerMessageDeflate {
  static readonly extensionName = 'permessage-deflate'
  /** null until an offer was accepted. */
  params: AcceptedParameters | null
  readonly #options: PerMessageDeflateOptions
  readonly #isServer: boolean

  constructor(options: PerMessageDeflateOptions & { isServer?: boolean; maxPayload?: number } = {}) {
    this.params = null
    this.#options = options
    this.#isServer = options.isServer === true
  }

  /** The parameters of a client's offer. */
  offer(): AcceptedParameters {
    const offer = offerOf(this.#options)
    return {
      ...(offer.serverNoContextTakeover ? { server_no_context_takeover: true } : {}),
      ...(offer.clientNoContextTakeover ? { client_no_context_takeover: true } : {}),
      ...(offer.serverMaxWindowBits === undefined ? {} : { server_max_window_bits: offer.serverMaxWindowBits }),
      ...(offer.clientMaxWindowBits === undefined ? {} : { client_max_window_bits: offer.clientMaxWindowBits }),
    }
  }

  /**
   * A server's choice among offers, or a client's judgement of the answer.
   *
   * @throws Error for a parameter that breaks RFC 7692 §7.1, also in an offer that would not be chosen, and when nothing
   * is acceptable: ws answers 400 then
   */
  accept(configurations: readonly ExtensionParameters[]): AcceptedParameters {
    const read = configurations.map((parameters) => readParameters(parameters, this.#isServer))
    this.params = this.#isServer ? this.#choose(read) : this.#judge(read)
    return this.params
  }

  /** Nothing is held that would have to be released. */
  cleanup(): void {}

  /** What the engine is told. */
  agreed(): DeflateParameters {
    const params = this.params ?? {}
    const bits = params.client_max_window_bits
    return {
      serverNoContextTakeover: params.server_no_context_takeover === true,
      clientNoContextTakeover: params.client_no_context_takeover === true,
      serverMaxWindowBits: params.server_max_window_bits ?? MAX_BITS,
      clientMaxWindowBits: typeof bits === 'number' ? bits : MAX_BITS,
    }
  }

  #choose(offers: readonly AcceptedParameters[]): AcceptedParameters {
    const options = this.#options
    const accepted = offers.find((offer) => isAcceptable(offer, options))
    if (accepted === undefined) throw new Error('None of the extension offers can be accepted')
    const chosen: AcceptedParameters = { ...accepted }
    if (options.serverNoContextTakeover) chosen.server_no_context_takeover = true
    if (options.clientNoContextTakeover) chosen.client_no_context_takeover = true
    if (typeof options.serverMaxWindowBits === 'number') chosen.server_max_window_bits = options.serverMaxWindowBits
    if (typeof options.clientMaxWindowBits === 'number') chosen.client_max_window_bits = options.clientMaxWindowBits
    else if (chosen.client_max_window_bits === true || options.clientMaxWindowBits === false) {
      delete chosen.client_max_window_bits
    }
    return chosen
  }

  #judge(answers: readonly AcceptedParameters[]): AcceptedParameters {
    const [answer, second] = answers
    if (answer === undefined || second !== undefined) throw new Error('Expected one answer')
    const { clientMaxWindowBits, clientNoContextTakeover } = this.#options
    if (clientNoContextTakeover === false && answer.client_no_context_takeover) {
      throw new Error('Unexpected parameter "client_no_context_takeover"')
    }
    const bits = answer.client_max_window_bits
    if (bits === undefined) {
      return typeof clientMaxWindowBits === 'number'
        ? { ...answer, client_max_window_bits: clientMaxWindowBits }
        : answer
    }
    if (
      clientMaxWindowBits === false ||
      (typeof clientMaxWindowBits === 'number' && Number(bits) > clientMaxWindowBits)
    ) {
      throw new Error('Unexpected or invalid parameter "client_max_window_bits"')
    }
    return answer
  }
}

/** What a client with these options offers. */
export function offerOf(options: PerMessageDeflateOptions): DeflateOffer {
  const { clientMaxWindowBits, serverMaxWindowBits } = options
  return {
    ...(options.serverNoContextTakeover ? { serverNoContextTakeover: true } : {}),
    ...(options.clientNoContextTakeover ? { clientNoContextTakeover: true } : {}),
    ...(typeof serverMaxWindowBits === 'number' ? { serverMaxWindowBits } : {}),
    ...(clientMaxWindowBits === false ? {} : { clientMaxWindowBits: clientMaxWindowBits ?? true }),
  }
}

/** May a server with these options take the offer? */
function isAcceptable(offer: AcceptedParameters, options: PerMessageDeflateOptions): boolean {
  if (options.serverNoContextTakeover === false && offer.server_no_context_takeover) return false
  const { clientMaxWindowBits, serverMaxWindowBits } = options
  const asked = offer.server_max_window_bits
  if (asked !== undefined && serverMaxWindowBits === false) return false
  if (asked !== undefined && typeof serverMaxWindowBits === 'number' && serverMaxWindowBits > asked) return false
  if (typeof clientMaxWindowBits !== 'number') return true
  const able = offer.client_max_window_bits
  return able === true || (able !== undefined && clientMaxWindowBits <= able)
}

function readParameters(parameters: ExtensionParameters, isOffer: boolean): AcceptedParameters {
  const read: AcceptedParameters = {}
  for (const [name, values] of Object.entries(parameters)) {
    const [value, second] = values
    if (value === undefined || second !== undefined)
      throw new Error(`Parameter "${name}" must have only a single value`)
    switch (name) {
      case 'server_no_context_takeover':
      case 'client_no_context_takeover':
        if (value !== true) throw invalid(name, value)
        read[name] = true
        break
      case 'server_max_window_bits':
        read[name] = windowBits(name, value)
        break
      case 'client_max_window_bits':
        read[name] = value === true && isOffer ? true : windowBits(name, value)
        break
      default:
        throw new Error(`Unknown parameter "${name}"`)
    }
  }
  return read
}

/** RFC 7692 §7.1.2.1: "a decimal integer value without leading zeroes between 8 to 15, inclusive". */
function windowBits(name: string, value: string | true): number {
  const bits = Number(value)
  if (value === true || String(bits) !== value || !Number.isInteger(bits) || bits < 8 || bits > MAX_BITS) {
    throw invalid(name, value)
  }
  return bits
}

function invalid(name: string, value: string | true): TypeError {
  return new TypeError(`Invalid value for parameter "${name}": ${value}`)
}
