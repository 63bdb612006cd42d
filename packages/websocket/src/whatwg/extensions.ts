// The negotiated extensions as the text that scripts see. Written from what was agreed on, not from what the server wrote.

import type { DeflateParameters } from '@tautline/protocol'

/** `extensions` of the standard: '' if there are none. */
export function extensionsText(deflate: DeflateParameters | null): string {
  if (deflate === null) return ''
  let text = 'permessage-deflate'
  if (deflate.serverNoContextTakeover) text += '; server_no_context_takeover'
  if (deflate.clientNoContextTakeover) text += '; client_no_context_takeover'
  if (deflate.serverMaxWindowBits !== 15) text += `; server_max_window_bits=${deflate.serverMaxWindowBits}`
  if (deflate.clientMaxWindowBits !== 15) text += `; client_max_window_bits=${deflate.clientMaxWindowBits}`
  return text
}
