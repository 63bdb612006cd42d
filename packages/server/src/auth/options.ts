// What `jwt` can be told. Types only; settings.ts reads them.

import type { JsonWebKey } from 'node:crypto'
import type { Clock } from '@tautline/wire'
import type { Duration } from '../duration.ts'
import type { Log } from '../options.ts'
import type { Algorithm } from './algorithms.ts'

export interface JwtOptions {
  /** Whose tokens are accepted. */
  readonly issuers: readonly JwtIssuer[]
  /**
   * By how much an issuer's clock may differ from ours, for `nbf`, `iat` and a token that is shown just after its end.
   * Default '5s', at most '5m'.
   */
  readonly leeway?: Duration
  /** The name of a cookie that holds a token. The server's option `cookies` must be true, or nobody sees it. */
  readonly cookie?: string
  /** true: a client may offer the subprotocol `bearer.<token>` beside `tautline.v1.json`. Default false. */
  readonly subprotocol?: boolean
  /** The name of a query parameter that holds a token. URLs get logged: default none. */
  readonly query?: string
  /** true: who brings no token is let in as nobody. Default false. */
  readonly anonymous?: boolean
  /** Which claims say what. */
  readonly claims?: {
    /** Who it is. Default 'sub'. */
    readonly user?: string
    /** What others see of it. Default 'info'. */
    readonly info?: string
    /** What it may do. Default 'rights'. */
    readonly rights?: string
    /** Channels to which the server subscribes it. Default 'channels'. */
    readonly channels?: string
  }
  readonly clock?: Clock
  /** Hears that keys cannot be read. Never a token, never a secret. */
  readonly log?: Log
}

/** Whoever signs tokens, with one of three kinds of keys. */
export interface JwtIssuer {
  /** The `iss` of its tokens, exactly. */
  readonly issuer: string
  /** One of these must be in `aud`. */
  readonly audience: string | readonly string[]
  /** The only ones that are accepted. */
  readonly algorithms: readonly Algorithm[]
  /** Its keys' address, asked when a key is needed. */
  readonly jwks?: string | JwksOptions
  /** Public keys: PEM (also of a certificate) or JWK. Several while they are being changed. */
  readonly publicKey?: PublicKey | readonly PublicKey[]
  /** For HS algorithms: at least as long as the hash, 32 bytes for HS256. */
  readonly secret?: Secret | readonly Secret[]
}

export type PublicKey = string | (JsonWebKey & { readonly kid?: string })
export type Secret = string | Uint8Array

export interface JwksOptions {
  readonly url: string
  /** How long a set is used without asking again. Default '10m'. */
  readonly cache?: Duration
  /** Between two requests that unknown keys cause. Default '30s'. */
  readonly cooldown?: Duration
  /** For a whole answer. Default '3s'. */
  readonly timeout?: Duration
}
