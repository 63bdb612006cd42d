// What `tautline config init` writes: a configuration that is right as it is, and says where to go on.

const ts = `// The configuration of \`tautline serve\`. \`tautline config check\` says what is wrong with it.
// Every setting has an environment variable too: TAUTLINE_PORT, TAUTLINE_ADMISSION__PER_USER …
import { defineConfig } from '@tautline/cli'

export default defineConfig({
  port: 8080,

  // Where the logs of channels are kept: 'memory' is gone with the process.
  store: { type: 'sqlite', file: './tautline.sqlite' },

  // Channels by pattern. What no pattern names does not exist, and nobody may do what is not allowed here.
  channels: {
    'news:**': { history: { size: 1_000, ttl: '7d' }, allow: { subscribe: 'everyone', history: 'everyone', publish: 'nobody', presence: 'nobody' } },
    'chat:*': { history: { size: 1_000, ttl: '7d' }, presence: true, allow: 'users' },
    'typing:*': { log: false, allow: 'users' },
    // The user's own channel: nobody else can be in it.
    'inbox:$user': { allow: { subscribe: 'users', history: 'users', publish: 'nobody', presence: 'nobody' } },
  },

  // Pages that may connect. Programs that are no browsers need not be named.
  origins: ['http://localhost:5173'],

  // Who a client is: a signed token says it. Your backend signs with the same secret.
  // jwt: {
  //   issuers: [{ issuer: 'https://app.example.com', audience: 'realtime', algorithms: ['HS256'], secret: { env: 'JWT_SECRET' } }],
  //   anonymous: true,
  // },

  // Publish from your backend over HTTP, in any language.
  // api: { keys: [{ name: 'backend', secret: { env: 'API_KEY' }, scopes: ['*'] }] },

  // TLS without a proxy. The files are read again when they change.
  // tls: { cert: './cert.pem', key: './key.pem' },

  // /health, /ready and Prometheus' /metrics.
  monitoring: { port: 9090, host: '127.0.0.1' },
})
`

const json = `{
  // The configuration of \`tautline serve\`. \`tautline config check\` says what is wrong with it.
  // Every setting has an environment variable too: TAUTLINE_PORT, TAUTLINE_ADMISSION__PER_USER …
  "$schema": "./node_modules/@tautline/cli/schema/tautline.config.schema.json",
  "port": 8080,

  // Where the logs of channels are kept: "memory" is gone with the process.
  "store": { "type": "sqlite", "file": "./tautline.sqlite" },

  // Channels by pattern. What no pattern names does not exist, and nobody may do what is not allowed here.
  "channels": {
    "news:**": {
      "history": { "size": 1000, "ttl": "7d" },
      "allow": { "subscribe": "everyone", "history": "everyone", "publish": "nobody", "presence": "nobody" }
    },
    "chat:*": { "history": { "size": 1000, "ttl": "7d" }, "presence": true, "allow": "users" },
    "typing:*": { "log": false, "allow": "users" },
    // The user's own channel: nobody else can be in it.
    "inbox:$user": { "allow": { "subscribe": "users", "history": "users", "publish": "nobody", "presence": "nobody" } }
  },

  // Pages that may connect. Programs that are no browsers need not be named.
  "origins": ["http://localhost:5173"],

  // Who a client is: a signed token says it. Your backend signs with the same secret.
  // "jwt": {
  //   "issuers": [
  //     { "issuer": "https://app.example.com", "audience": "realtime", "algorithms": ["HS256"], "secret": { "env": "JWT_SECRET" } }
  //   ],
  //   "anonymous": true
  // },

  // Publish from your backend over HTTP, in any language.
  // "api": { "keys": [{ "name": "backend", "secret": { "env": "API_KEY" }, "scopes": ["*"] }] },

  // TLS without a proxy. The files are read again when they change.
  // "tls": { "cert": "./cert.pem", "key": "./key.pem" },

  // /health, /ready and Prometheus' /metrics.
  "monitoring": { "port": 9090, "host": "127.0.0.1" }
}
`

export const STARTERS: { readonly ts: string; readonly json: string } = { ts, json }
