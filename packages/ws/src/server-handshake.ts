// A server's judgement of a request, and its 101: the protocol's rules in ws's words.

import type { IncomingMessage } from 'node:http'
import {
  acceptResponse,
  checkUpgrade,
  HeaderFields,
  isRefusal,
  nodePlatform,
  type UpgradeOffer,
} from '@tautline/websocket/face'
import * as extension from './extension.ts'
import { PerMessageDeflate } from './per-message-deflate.ts'
import { type Answer, answerTo, UPGRADE } from './upgrade-refusals.ts'

/** The protocol's judgement, and ws's that Upgrade must be websocket alone. */
export function judge(request: IncomingMessage): UpgradeOffer | Answer {
  const { headers, httpVersion, method = '', url = '' } = request
  const offer = checkUpgrade({
    method,
    target: url,
    version: httpVersion === '1.0' ? '1.0' : '1.1',
    headers: HeaderFields.fromRaw(rawHeadersOf(request)),
  })
  if (isRefusal(offer)) return answerTo(offer)
  return headers.upgrade?.toLowerCase() === 'websocket' ? offer : UPGRADE
}

/** Requests that tests and other servers make up may have `headers` only. */
function rawHeadersOf(request: IncomingMessage): readonly string[] {
  const { headers, rawHeaders } = request
  if (Array.isArray(rawHeaders) && rawHeaders.length > 0) return rawHeaders
  return Object.entries(headers).flatMap(([name, value]) => [name, String(value)])
}

/** The 101 in lines, for listeners of `headers` to change. */
export function responseLines(key: string, subprotocol: string, deflate: PerMessageDeflate | undefined): string[] {
  const extensions =
    deflate?.params === null || deflate === undefined
      ? ''
      : extension.format({ [PerMessageDeflate.extensionName]: [{ ...deflate.params }] })
  return acceptResponse({ key, subprotocol, extensions }, nodePlatform).trimEnd().split('\r\n')
}
