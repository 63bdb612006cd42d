// The configuration of `tautline serve`: one schema, from which the types, the checks, the names of environment variables
// and the published JSON Schema come. What a rule or a limit means is said in the guides of the server.

import { z } from 'zod'
import { api, backend, jwt } from './access.ts'
import { admission, allow, channels, limits, origins } from './channels.ts'
import { duration, expected, port, secret, whole } from './pieces.ts'

const host = z.string().regex(/^[A-Za-z0-9._:%-]+$/, expected("an address or a name such as '127.0.0.1'"))

const store = z.strictObject({
  type: z.enum(['memory', 'sqlite']).describe('memory: gone with the process. sqlite: one file.'),
  file: z.string().min(1).optional().describe('The file of a sqlite store.'),
  durability: z
    .enum(['fsync', 'process'])
    .optional()
    .describe(
      'What a confirmed publication survives: a power cut (fsync, the default), or only the end of the process.',
    ),
})

const tls = z.strictObject({
  cert: z.string().min(1).describe('A PEM file: the certificate, and those between it and the root.'),
  key: z.string().min(1).describe('A PEM file: its private key.'),
  passphrase: secret.optional().describe('Of the private key.'),
  minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).optional().describe("Default 'TLSv1.2'."),
})

const monitoring = z.strictObject({
  port: port.optional().describe('Default 9090; 0 takes a free one.'),
  host: host.optional().describe("Default '127.0.0.1'."),
  public: z
    .boolean()
    .optional()
    .describe('true: /health, /ready and /metrics are served on the public port, to everybody; no port of their own.'),
})

const log = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).optional().describe("Default 'info'."),
  format: z.enum(['json', 'pretty']).optional().describe("Default 'json', with --dev 'pretty'."),
})

const stop = z.strictObject({
  timeout: duration.optional().describe("How long a stop may take. Default '10s'."),
  delay: duration
    .optional()
    .describe('How long /ready says 503 before the port closes, for load balancers that ask now and then. Default 0.'),
})

const compression = z.strictObject({
  shared: z
    .boolean()
    .optional()
    .describe(
      'true: what goes to all subscribers of a channel is compressed once, with what went before as context. Default false.',
    ),
  sharedFrom: whole(1, 2_147_483_647).optional().describe('Subscribers from which on a channel is. Default 50.'),
  level: whole(0, 9).optional().describe("zlib's effort. Default 6."),
  memLevel: whole(1, 9).optional().describe("zlib's memory. Default 8."),
  serverMaxWindowBits: whole(8, 15)
    .optional()
    .describe('The window. A smaller one takes less CPU, and compresses a little less. Default 15.'),
})

const dev = z.strictObject({
  exposed: z
    .boolean()
    .optional()
    .describe('true: --dev may listen on addresses that others reach. They may do everything.'),
})

export const configSchema = z.strictObject({
  $schema: z.string().optional().describe('Where the JSON Schema of this file is, for editors.'),
  port: port.optional().describe('The public port. Default 8080; 0 takes a free one.'),
  host: host.optional().describe("The address to listen on. Default all of the machine's; with --dev '127.0.0.1'."),
  path: z
    .string()
    .regex(/^\/[!-"$->@-~]*$/, expected("a path such as '/realtime', without '?' and '#'"))
    .optional()
    .describe("The path of the WebSocket endpoint. Default '/realtime'."),
  tls: tls.optional().describe('Speak TLS. The files are read again when they change.'),
  store: store.optional().describe("Where the logs of channels are kept. Default { type: 'memory' }."),
  channels: channels.optional(),
  allow: allow
    .optional()
    .describe("Who may do what in channels whose rule does not say it. Default ['rights', 'token']."),
  origins: origins
    .optional()
    .describe("Which pages may connect. Default: none but those of the server's own host on this machine."),
  cookies: z.boolean().optional().describe('true: users are told by a cookie. Needs origins.'),
  contract: z
    .string()
    .min(1)
    .optional()
    .describe('A module whose export `contract` says what channels and calls carry.'),
  jwt: jwt.optional().describe('Tokens that say who a client is.'),
  backend: backend.optional().describe('A backend that is asked over signed HTTP requests.'),
  api: api.optional().describe('The HTTP API. Default: none.'),
  admission: admission.optional().describe('How many may come and how fast.'),
  limits: limits.optional().describe('What a message may be.'),
  heartbeat: z
    .strictObject({ every: whole(2_000, 2_147_483_647).optional(), timeout: whole(2_000, 2_147_483_647).optional() })
    .optional()
    .describe('ms. The server is never silent for longer than `every`.'),
  compression: z
    .union([z.boolean(), compression], expected('true, false or an object such as { shared: true }'))
    .optional()
    .describe('true: permessage-deflate. Default false.'),
  window: whole(1_000, 2_592_000_000)
    .optional()
    .describe('ms for which a publication is recognised. Default 5 minutes.'),
  node: z
    .string()
    .regex(/^[A-Za-z0-9._:-]{1,64}$/, expected('1 to 64 letters, digits and . _ : -'))
    .optional()
    .describe('The name of this node. Default: random.'),
  monitoring: z
    .union([z.literal(false), monitoring], expected('false or an object with port, host'))
    .optional()
    .describe('/health, /ready and /metrics, on a port of their own. false: none.'),
  log: log.optional(),
  stop: stop.optional(),
  dev: dev.optional().describe('What --dev may do.'),
})

/** A configuration as it is written. */
export type TautlineConfig = z.input<typeof configSchema>
/** A configuration that was checked. */
export type Config = z.output<typeof configSchema>

/** Types a configuration in `tautline.config.ts`: `export default defineConfig({ … })`. Returns it as it is. */
export function defineConfig(config: TautlineConfig): TautlineConfig {
  return config
}
