// Checks a server's options when it is made: a word in the wrong place must not become a hole or a 500 for everyone.

import { isToken } from '@tautline/protocol'
import { callable, flag, within } from '../checks.ts'
import type { CompressionOptions, OriginPolicy, ServerOptions } from './options.ts'

/** @throws TypeError, RangeError that names the option */
export function checkOptions(options: ServerOptions): void {
  const ways = [options.port, options.server, options.noServer || undefined].filter((way) => way !== undefined)
  if (ways.length !== 1) throw new TypeError('give exactly one of the options port, server and noServer')
  for (const name of ['tls', 'http', 'proxyProtocol', 'maxAccepted'] as const) {
    if (options.port === undefined && options[name] !== undefined) {
      throw new TypeError(`the option ${name} belongs to a port of its own`)
    }
  }
  within('port', options.port, 0, 65_535, 0)
  for (const name of ['server', 'http'] as const) {
    if (options[name] !== undefined && typeof options[name].on !== 'function') {
      throw new TypeError(`${name} must be a server of node:http or node:https`)
    }
  }
  if (options.path !== undefined && (typeof options.path !== 'string' || !options.path.startsWith('/'))) {
    throw new TypeError('path must be a string that begins with /')
  }
  callable('authorize', options.authorize)
  callable('onRefused', options.onRefused)
  callable('onDropped', options.onDropped)
  callable('onTlsFailed', options.onTlsFailed)
  callable('proxyProtocol', options.proxyProtocol)
  for (const name of ['accept', 'settled', 'admit'] as const) callable(`gate.${name}`, options.gate?.[name])
  checkOrigins(options.origins)
  checkSubprotocols(options.subprotocols)
  checkCompression(options.compression)
}

function checkOrigins(origins: OriginPolicy | undefined): void {
  if (origins === undefined || origins === 'any' || typeof origins === 'function') return
  // A single string would be searched for what it contains.
  if (!Array.isArray(origins)) throw new TypeError("origins must be 'any', a list of origins or a function")
  for (const origin of origins) {
    // RFC 6454 §6.1: scheme, host and perhaps a port, and nothing behind them: `https://app.example.com`.
    if (typeof origin !== 'string' || !/^[a-z][a-z0-9+.-]*:\/\/[^/?#@*\s]+$/i.test(origin)) {
      throw new TypeError('origins must hold origins like https://app.example.com, without path or wildcard')
    }
  }
}

function checkSubprotocols(subprotocols: ServerOptions['subprotocols']): void {
  if (subprotocols === undefined || typeof subprotocols === 'function') return
  if (!Array.isArray(subprotocols) || !subprotocols.every((name) => typeof name === 'string' && isToken(name))) {
    throw new TypeError('subprotocols must be a list of tokens (RFC 6455 §4.1) or a function')
  }
}

function checkCompression(compression: ServerOptions['compression']): void {
  if (compression === undefined || typeof compression === 'boolean') return
  if (typeof compression !== 'object' || compression === null) {
    throw new TypeError('compression must be true, false or an object')
  }
  const { clientMaxWindowBits, serverMaxWindowBits }: CompressionOptions = compression
  within('compression.serverMaxWindowBits', serverMaxWindowBits, 8, 15, 15)
  within('compression.clientMaxWindowBits', clientMaxWindowBits, 8, 15, 15)
  if (!flag('compression.shared', compression.shared, false)) return
  const { serverNoContextTakeover, clientNoContextTakeover } = compression
  if (serverNoContextTakeover === true || clientNoContextTakeover === false) {
    throw new TypeError('compression.shared decides on context takeover itself: leave out the options for it')
  }
}
