// The part of the configuration that says who somebody is: tokens, the backend that is asked, the keys of the HTTP API.

import { z } from 'zod'
import { duration, expected, httpUrl, origin, secret, whole } from './pieces.ts'

const ALGORITHMS = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

const publicKey = z.union(
  [z.string().min(1), z.strictObject({ file: z.string().min(1) }), z.looseObject({ kty: z.string() })],
  expected("a PEM text, { file: 'path' } or a JWK"),
)

const issuer = z
  .strictObject({
    issuer: z.string().min(1).describe('What the claim `iss` must be.'),
    audience: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)], expected('a text or a list of texts'))
      .describe('What the claim `aud` must be, or hold.'),
    algorithms: z.array(z.enum(ALGORITHMS)).min(1).describe('Those that are accepted; no other one is.'),
    jwks: z
      .union(
        [
          httpUrl,
          z.strictObject({
            url: httpUrl,
            cache: duration.optional().describe("How long a set is used without asking again. Default '10m'."),
            cooldown: duration.optional().describe("Between two requests that unknown keys cause. Default '30s'."),
            timeout: duration.optional().describe("For a whole answer. Default '3s'."),
          }),
        ],
        expected('a URL, or an object with url, cache, cooldown, timeout'),
      )
      .optional()
      .describe('Where the issuer publishes its keys.'),
    publicKey: z
      .union([publicKey, z.array(publicKey).min(1)], expected("a PEM text, { file: 'path' }, a JWK, or a list of them"))
      .optional()
      .describe('What tokens are checked with, for RS, PS, ES and EdDSA. Several while one replaces another.'),
    secret: z
      .union([secret, z.array(secret).min(1)], expected('a secret, or a list of secrets'))
      .optional()
      .describe('For HS: at least as long as the hash, 32 bytes for HS256. Several while one replaces another.'),
  })
  .meta({ id: 'Issuer' })

export const jwt = z.strictObject({
  issuers: z.array(issuer).min(1).describe('Who signs tokens that are accepted.'),
  leeway: duration.optional().describe("How far clocks may differ. Default '5s'."),
  cookie: z.string().min(1).optional().describe('The cookie that brings the token. Needs cookies: true and origins.'),
  subprotocol: z.boolean().optional().describe('true: the token may come as a subprotocol.'),
  query: z
    .string()
    .min(1)
    .optional()
    .describe('The query parameter that brings the token. Off: URLs are logged everywhere.'),
  anonymous: z.boolean().optional().describe('true: whoever brings no token is let in as nobody.'),
  claims: z
    .strictObject({
      user: z.string().min(1).optional().describe("Default 'sub'."),
      info: z.string().min(1).optional().describe("Default 'info'."),
      rights: z.string().min(1).optional().describe("Default 'rights'."),
      channels: z.string().min(1).optional().describe("Default 'channels'."),
    })
    .optional()
    .describe('Where claims stand that are called otherwise.'),
})

const event = z.union(
  [
    z.boolean(),
    httpUrl,
    z.strictObject({
      url: httpUrl.optional(),
      timeout: duration.optional(),
      retries: whole(0, 10).optional(),
      concurrency: whole(1, 10_000).optional(),
      queue: whole(0, 1_000_000).optional(),
      channels: z.array(z.string().min(1)).min(1).optional().describe('subscribe and publish: what it decides on.'),
    }),
  ],
  expected('true, false, a URL, or an object with url, timeout, retries …'),
)

export const backend = z.strictObject({
  url: httpUrl.optional().describe('Where events are sent that name no URL of their own.'),
  secret: z
    .union([secret, z.array(secret).min(1)], expected(`a secret, or a list of secrets`))
    .describe("What requests are signed with: 'whsec_' and base64. Several while one replaces another."),
  events: z
    .strictObject({
      connect: event.optional(),
      subscribe: event.optional(),
      publish: event.optional(),
      rpc: event.optional(),
      disconnect: event.optional(),
    })
    .describe('Which events the backend is asked about: true, or a URL of its own.'),
  timeout: duration.optional().describe("How long one request may take. Default '3s'."),
  retries: whole(0, 10).optional().describe('How often a request is repeated that may be. Default 2.'),
  concurrency: whole(1, 10_000).optional().describe('Requests at the same time, of each event. Default 64.'),
  queue: whole(0, 1_000_000).optional().describe('Requests that wait for their turn. Default 1,000.'),
  breaker: z
    .union(
      [
        z.literal(false),
        z.strictObject({
          failures: z
            .number()
            .gt(0)
            .lte(1)
            .optional()
            .describe('The share of failures at which it opens. Default 0.5.'),
          window: whole(1, 1_000).optional().describe('The newest attempts that are looked at. Default 20.'),
          rest: duration.optional().describe("How long it stays open at first. Default '5s'."),
        }),
      ],
      expected('false or an object with failures, window, rest'),
    )
    .optional()
    .describe('When the backend is left alone for a while.'),
  headers: z.array(z.string().min(1)).max(32).optional().describe('Headers of the handshake that connect passes on.'),
  maxAnswer: whole(1_024, 16_777_216).optional().describe('Bytes of an answer. Default 1 MiB and some.'),
  insecure: z.boolean().optional().describe('true: http to anywhere. Whoever listens reads tokens, then.'),
})

export const SCOPES = [
  'publish',
  'history',
  'presence',
  'channels',
  'connections',
  'subscribe',
  'disconnect',
  'message',
  'revoke',
  'info',
] as const

const apiKey = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/, expected('1 to 64 letters, digits and . _ -'))
      .describe('Stands in logs.'),
    secret: secret.optional().describe('What callers send. One of secret and hash is needed.'),
    hash: z
      .string()
      .regex(
        /^sha256:([0-9a-f]{64}|[A-Za-z0-9+/_-]{43}=?)$/i,
        expected("'sha256:' and 64 hexadecimal digits, or base64"),
      )
      .optional()
      .describe("'sha256:…' of the secret, which then stands nowhere."),
    scopes: z
      .union(
        [z.array(z.enum([...SCOPES, '*'])).min(1)],
        expected(`a list of ${SCOPES.map((scope) => `'${scope}'`).join(', ')} or ['*']`),
      )
      .describe('What it may be used for.'),
    channels: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Patterns of the channels it reaches. Default all.'),
  })
  .meta({ id: 'ApiKey' })

export const api = z.strictObject({
  keys: z.array(apiKey).min(1).describe('Who may call the HTTP API.'),
  basePath: z
    .string()
    .regex(/^(\/[A-Za-z0-9._~-]+)+$/, expected("a path such as '/api/v1'"))
    .optional()
    .describe("Default '/api/v1'."),
  rate: z
    .strictObject({
      perSecond: whole(1, 1_000_000).optional().describe('Calls a second of one key. Default 1,000.'),
      burst: whole(100, 1_000_000).optional().describe('Calls at once. Default 2,000.'),
    })
    .optional()
    .describe('How often one key may call; a broadcast counts as one call for each channel.'),
  maxBody: whole(1_024, 1_073_741_824).optional().describe("Bytes of a request's body."),
  bodyTimeout: whole(100, 600_000).optional().describe("ms in which a request's body has to arrive. Default 10,000."),
  docs: z.boolean().optional().describe('false: no page to try it. Default true.'),
  origins: z.array(origin).optional().describe('Pages that may call it. Default: as `origins`.'),
})
