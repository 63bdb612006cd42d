// A realtime server with its HTTP API on a real port, as the tests of this package use it.
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createRealtime, type Realtime, type RealtimeOptions } from '@tautline/server'
import { type ApiOptions, createApi } from '../src/mod.ts'

/** Every secret of a test can be found by this word. */
export const ADMIN = 'S3CRET-admin-3b8f0d4c9e21'

export function assertNoSecret(text: string): void {
  const at = text.indexOf('S3CRET')
  if (at !== -1) throw new Error(`a secret in: …${text.slice(Math.max(0, at - 100), at + 6)}`)
}

export interface Served {
  readonly realtime: Realtime
  /** `http://127.0.0.1:…/api/v1` */
  readonly url: string
  readonly origin: string
  /** What was logged, as text. */
  readonly logged: string[]
  /** Sends a request as the administrator: a GET, or a POST with this body. */
  ask(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  close(): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers as they like.
  readonly body: any
  readonly text: string
}

export async function serve(api: Partial<ApiOptions> = {}, options: RealtimeOptions = {}): Promise<Served> {
  const logged: string[] = []
  const log = (event: string, fields: object): number => logged.push(`${event} ${JSON.stringify(fields)}`)
  const realtime = createRealtime({ allow: 'everyone', channels: RULES, log, ...options })
  const keys = [{ name: 'admin', secret: ADMIN, scopes: ['*'] as const }, ...(api.keys ?? [])]
  const http = createServer(getRequestListener(createApi(realtime, { log, ...api, keys }).fetch))
  const port = await realtime.listen({ port: 0, host: '127.0.0.1', http })
  const origin = `http://127.0.0.1:${port}`
  const url = `${origin}${api.basePath ?? '/api/v1'}`
  return {
    realtime,
    url,
    origin,
    logged,
    ask: (path, body, headers) => ask(`${url}${path}`, body, { authorization: `Bearer ${ADMIN}`, ...headers }),
    close: async () => {
      await realtime.close()
      assertNoSecret(logged.join('\n'))
      assertNoSecret(JSON.stringify(realtime.metrics()))
    },
  }
}

const RULES = {
  'chat:*': { presence: true },
  'typing:*': { log: false },
  'brief:*': { history: { size: 2 } },
  'inbox:**': {},
} as const satisfies RealtimeOptions['channels']

export async function ask(
  url: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const init: RequestInit =
    body === undefined
      ? { headers }
      : {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
        }
  const response = await fetch(url, init)
  const text = await response.text()
  // Whatever a test asks, no answer ever holds a secret.
  assertNoSecret(text)
  assertNoSecret(JSON.stringify([...response.headers]))
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : undefined, text }
}
