// `subprotocol` of ws: parses the Sec-WebSocket-Protocol header.

import { parseTokenList } from '@tautline/websocket/face'

/**
 * The names, in order.
 *
 * @throws SyntaxError for a malformed list or a repeated name
 */
export function parse(header: string): Set<string> {
  const names = parseTokenList(header)
  if (names === null) throw new SyntaxError('Unexpected character or end of input in a list of subprotocols')
  const set = new Set(names)
  if (set.size !== names.length) throw new SyntaxError('A subprotocol is duplicated')
  return set
}
