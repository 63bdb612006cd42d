// @tautline/server/jwt: users told by signed tokens (RFC 7519), as an identity provider or your own backend issues them.
// It decides who somebody is; what they may do is the rules'.

import type { ConnectHook, Grant, TokenHook } from '../options.ts'
import { tokenOf } from './carriers.ts'
import { grantOf, rightOf } from './grants.ts'
import type { JwtOptions } from './options.ts'
import { refused } from './refusals.ts'
import { readJwtOptions } from './settings.ts'
import { Verifier } from './verifier.ts'

/** What `jwt` makes of its options: `realtime.onConnect(tokens.connect).onToken(tokens.channel)`. */
export interface Tokens {
  /** Lets in who brings a good token. */
  readonly connect: ConnectHook
  /** Reads tokens for single channels: those of the type `channel+jwt`. */
  readonly channel: TokenHook
  /** What a good token grants. @throws RealtimeError `unauthorized`, `token-expired`, `unavailable` */
  verify(token: string): Promise<Grant>
  /** Ends what is under way: keys that are being fetched. */
  close(): void
}

/**
 * Users by JWT.
 *
 * @throws SettingError: an option that cannot be meant, or that would let in whoever should not be
 */
export function jwt(options: JwtOptions): Tokens {
  const settings = readJwtOptions(options)
  const verifier = new Verifier(settings)
  const verify = async (token: string): Promise<Grant> =>
    grantOf(await verifier.verify(token, 'connect'), settings.claims)
  return {
    verify,
    connect: async (request) => {
      const token = tokenOf(request, settings)
      if (token !== undefined) return verify(token)
      if (settings.anonymous) return {}
      throw refused('missing')
    },
    channel: async (token, channel, who) => rightOf(await verifier.verify(token, 'channel'), channel, who),
    close: () => verifier.close(),
  }
}

export type { Algorithm } from './algorithms.ts'
export type { JwksOptions, JwtIssuer, JwtOptions, PublicKey, Secret } from './options.ts'
export { type SignOptions, signToken, type TokenContent } from './sign.ts'
