// The parameters of permessage-deflate (RFC 7692 §7.1): the server's choice among offers, the client's offer and its
// judgement of the answer. A bad offer is declined and the next one tried; a bad answer fails the connection.

import type { ExtensionOffer } from '../handshake/extensions.ts'
import { HANDSHAKE_FAILURES, type HandshakeFailure, type HandshakeFailureId } from '../handshake/failures.ts'

/** What both ends agreed on. */
export interface DeflateParameters {
  /** The server forgets its window after each message. */
  readonly serverNoContextTakeover: boolean
  /** The client forgets its window after each message. */
  readonly clientNoContextTakeover: boolean
  /** log2 of the window the server compresses with, 8 to 15. */
  readonly serverMaxWindowBits: number
  /** log2 of the window the client compresses with, 8 to 15. */
  readonly clientMaxWindowBits: number
}

/** What a client asks for; nothing is asked for by what is absent. */
export interface DeflateOffer {
  /** Asks the server to forget its window after each message: the answer must agree. */
  readonly serverNoContextTakeover?: boolean
  /** Announces that we shall forget our window after each message, whatever the answer. */
  readonly clientNoContextTakeover?: boolean
  /** Asks the server to compress with at most this window, 8 to 15: the answer must agree. */
  readonly serverMaxWindowBits?: number
  /** `true`: the server may limit our window; 8 to 15: it may, and we shall not use more than this anyway. */
  readonly clientMaxWindowBits?: number | true
}

/** What our server wants. Offers that cannot be accepted on these terms are declined. */
export interface DeflatePreference {
  /** Forget our window after each message even if the client does not ask for it. */
  readonly serverNoContextTakeover?: boolean
  /** Have the client forget its window after each message. Any client can be told so. */
  readonly clientNoContextTakeover?: boolean
  /** Compress with at most this window, 8 to 15. Default 15. */
  readonly serverMaxWindowBits?: number
  /**
   * Have the client compress with at most this window, 8 to 15. Default 15. Below 15, offers without
   * client_max_window_bits are declined: such a client cannot be told.
   */
  readonly clientMaxWindowBits?: number
}

const NAME = 'permessage-deflate'
const MAX_BITS = 15

/** The parameters of one offer or answer as they are written; `undefined` is absent. */
interface Written {
  serverNoContextTakeover: boolean
  clientNoContextTakeover: boolean
  serverMaxWindowBits: number | undefined
  clientMaxWindowBits: number | true | undefined
}

/**
 * Reads parameters; what is legal in an offer and in an answer differs in client_max_window_bits only, which must have a
 * value in an answer (§7.1.2.2).
 */
function read(parameters: ExtensionOffer['parameters'], isAnswer: boolean): Written | HandshakeFailureId {
  const written: Written = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: undefined,
    clientMaxWindowBits: undefined,
  }
  // RFC 7692 §7.1: "A server MUST decline an extension negotiation offer … if … the negotiation offer contains an
  // extension parameter not defined for use in an offer", "… with an invalid value", or "multiple extension parameters
  // with the same name". A client fails the connection on the same faults of an answer.
  for (const [name, value] of parameters) {
    switch (name) {
      case 'server_no_context_takeover':
        if (written.serverNoContextTakeover) return 'deflate-parameter-repeated'
        if (value !== true) return 'deflate-parameter-value'
        written.serverNoContextTakeover = true
        break
      case 'client_no_context_takeover':
        if (written.clientNoContextTakeover) return 'deflate-parameter-repeated'
        if (value !== true) return 'deflate-parameter-value'
        written.clientNoContextTakeover = true
        break
      case 'server_max_window_bits':
        if (written.serverMaxWindowBits !== undefined) return 'deflate-parameter-repeated'
        written.serverMaxWindowBits = windowBits(value)
        if (written.serverMaxWindowBits === undefined) return 'deflate-parameter-value'
        break
      case 'client_max_window_bits':
        if (written.clientMaxWindowBits !== undefined) return 'deflate-parameter-repeated'
        written.clientMaxWindowBits = value === true && !isAnswer ? true : windowBits(value)
        if (written.clientMaxWindowBits === undefined) return 'deflate-parameter-value'
        break
      default:
        return 'deflate-parameter-unknown'
    }
  }
  return written
}

/** RFC 7692 §7.1.2.1: "a decimal integer value without leading zeroes between 8 to 15, inclusive". */
function windowBits(value: string | true): number | undefined {
  if (value === '8' || value === '9') return Number(value)
  if (value === true || value.length !== 2 || value[0] !== '1') return undefined
  return value[1]! >= '0' && value[1]! <= '5' ? Number(value) : undefined
}

/**
 * The server's choice: the first offer that can be accepted (RFC 7692 §5, §7.1). A parameter without meaning here makes
 * its offer fall out, never the handshake.
 *
 * @returns the parameters and the header value that says so; null when permessage-deflate is not to be used
 * @throws RangeError when the preference has a window that is not 8 to 15
 */
export function negotiateDeflate(
  offers: readonly ExtensionOffer[],
  preference: DeflatePreference,
): { parameters: DeflateParameters; response: string } | null {
  const serverLimit = ownBits(preference.serverMaxWindowBits, 'serverMaxWindowBits') ?? MAX_BITS
  const clientLimit = ownBits(preference.clientMaxWindowBits, 'clientMaxWindowBits') ?? MAX_BITS
  for (const offer of offers) {
    if (offer.name !== NAME) continue
    const asked = read(offer.parameters, false)
    if (typeof asked === 'string') continue
    const canLimitClient = asked.clientMaxWindowBits !== undefined
    if (clientLimit < MAX_BITS && !canLimitClient) continue
    const clientAsks = typeof asked.clientMaxWindowBits === 'number' ? asked.clientMaxWindowBits : MAX_BITS
    const parameters: DeflateParameters = {
      serverNoContextTakeover: asked.serverNoContextTakeover || preference.serverNoContextTakeover === true,
      // §7.1.1.2: the client's own word that it will not take over is repeated, so that both ends may rely on it.
      clientNoContextTakeover: asked.clientNoContextTakeover || preference.clientNoContextTakeover === true,
      serverMaxWindowBits: Math.min(asked.serverMaxWindowBits ?? MAX_BITS, serverLimit),
      clientMaxWindowBits: Math.min(clientAsks, clientLimit),
    }
    // §7.1.2.1: an offered server_max_window_bits is accepted by naming "the same or smaller value"; §7.1.2.2: the
    // answer must not have client_max_window_bits unless the offer had it.
    const namesServerBits = asked.serverMaxWindowBits !== undefined || parameters.serverMaxWindowBits < MAX_BITS
    const namesClientBits = canLimitClient && (asked.clientMaxWindowBits !== true || clientLimit < MAX_BITS)
    return { parameters, response: write(parameters, namesServerBits, namesClientBits) }
  }
  return null
}

function write(parameters: DeflateParameters, namesServerBits: boolean, namesClientBits: boolean): string {
  let text = NAME
  if (parameters.serverNoContextTakeover) text += '; server_no_context_takeover'
  if (parameters.clientNoContextTakeover) text += '; client_no_context_takeover'
  if (namesServerBits) text += `; server_max_window_bits=${parameters.serverMaxWindowBits}`
  if (namesClientBits) text += `; client_max_window_bits=${parameters.clientMaxWindowBits}`
  return text
}

/**
 * The client's offer as a header value.
 *
 * @throws RangeError when a window is not 8 to 15
 */
export function offerDeflate(offer: DeflateOffer): string {
  const serverBits = ownBits(offer.serverMaxWindowBits, 'serverMaxWindowBits')
  let text = NAME
  if (offer.serverNoContextTakeover === true) text += '; server_no_context_takeover'
  if (offer.clientNoContextTakeover === true) text += '; client_no_context_takeover'
  if (serverBits !== undefined) text += `; server_max_window_bits=${serverBits}`
  if (offer.clientMaxWindowBits === true) text += '; client_max_window_bits'
  else if (offer.clientMaxWindowBits !== undefined) {
    text += `; client_max_window_bits=${ownBits(offer.clientMaxWindowBits, 'clientMaxWindowBits')}`
  }
  return text
}

/**
 * The client's judgement of the server's answer (RFC 7692 §7.1).
 *
 * @param response the extensions of the response, at least one: where the field is absent, the server declined and
 * there is nothing to judge
 * @returns what was agreed, or the rule that the answer broke. Tell a failure by `isHandshakeFailure`.
 */
export function acceptDeflate(
  response: readonly ExtensionOffer[],
  offer: DeflateOffer,
): DeflateParameters | HandshakeFailure {
  if (response.some((extension) => extension.name !== NAME)) return HANDSHAKE_FAILURES['extension-not-offered']
  if (response.length > 1) return HANDSHAKE_FAILURES['extension-repeated']
  const extension = response[0]
  if (extension === undefined) return HANDSHAKE_FAILURES['extensions-syntax']
  const answer = read(extension.parameters, true)
  if (typeof answer === 'string') return HANDSHAKE_FAILURES[answer]
  const serverLimit = offer.serverMaxWindowBits
  // §7.1.1.1 and §7.1.2.1: a server accepts what was asked of it "by including" it in the answer, else it declines. To
  // ask for 15 is to ask for nothing: there leaving it out says the same.
  const forgets = answer.serverNoContextTakeover || offer.serverNoContextTakeover !== true
  if (!forgets || ((serverLimit ?? MAX_BITS) < MAX_BITS && answer.serverMaxWindowBits === undefined)) {
    return HANDSHAKE_FAILURES['deflate-parameter-missing']
  }
  const serverBits = answer.serverMaxWindowBits ?? MAX_BITS
  const clientLimit = offer.clientMaxWindowBits === true ? MAX_BITS : offer.clientMaxWindowBits
  // In an answer it is a number or absent; `read` saw to it.
  const clientBits = answer.clientMaxWindowBits === true ? undefined : answer.clientMaxWindowBits
  if (serverBits > (serverLimit ?? MAX_BITS) || (clientBits !== undefined && clientBits > (clientLimit ?? 0))) {
    return HANDSHAKE_FAILURES['deflate-parameter-not-offered']
  }
  return {
    serverNoContextTakeover: answer.serverNoContextTakeover,
    clientNoContextTakeover: answer.clientNoContextTakeover || offer.clientNoContextTakeover === true,
    serverMaxWindowBits: serverBits,
    clientMaxWindowBits: clientBits ?? clientLimit ?? MAX_BITS,
  }
}

/** A window given by the application. */
function ownBits(bits: number | undefined, name: string): number | undefined {
  if (bits !== undefined && (!Number.isInteger(bits) || bits < 8 || bits > MAX_BITS)) {
    throw new RangeError(`${name} must be an integer from 8 to 15`)
  }
  return bits
}
