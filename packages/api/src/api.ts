// The HTTP API of a realtime server as a Hono app: finds the operation, sees who calls and what was sent, and answers. It
// reads no cookie, and nothing that it writes holds a key.

import { crossOrigin, type Realtime } from '@tautline/server'
import { type Clock, nearest, systemClock } from '@tautline/wire'
import { Hono, type Context as HonoContext } from 'hono'
import { type BodyLimits, readJson } from './body.ts'
import { check, shownName } from './check.ts'
import { describe, type OpenApiDocument } from './document.ts'
import { KeyRing, refuseKeyInUrl } from './keys.ts'
import type { Operation } from './operation.ts'
import { MESSAGES } from './operations/messages.ts'
import { NODE } from './operations/node.ts'
import { PEOPLE } from './operations/people.ts'
import { type ApiOptions, checkOptions } from './options.ts'
import { page } from './page.ts'
import { readQuery } from './query.ts'
import { Refusal, refusalOf } from './refusal.ts'

/** All of them, in the order of the document. */
export const OPERATIONS: readonly Operation[] = [...MESSAGES, ...PEOPLE, ...NODE]

/** For every answer: it is for whoever asked alone, it is what it says it is, and no page may hold it. */
const SECURITY = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** What a body holds beyond twice the publication in it: names, and how JSON was written. */
const BODY_SLACK = 32_768
const BODY_TIMEOUT = 10_000

const BASE = '/api/v1'

type Handler = (request: Request, context: HonoContext) => Response | Promise<Response>

/**
 * Makes the HTTP API of a realtime server.
 *
 * It is a Hono app: mount it in another one (`app.route('/', createApi(realtime, { keys }))`), or serve it alone, with
 * `getRequestListener(api.fetch)` of @hono/node-server, on the port that serves the WebSockets:
 * `realtime.listen({ port, http: createServer(getRequestListener(api.fetch)) })`. Other keys while it runs: make another
 * one and hand requests to that.
 *
 * @throws SettingError saying which option is wrong and what to write instead
 */
export function createApi(realtime: Realtime, options: ApiOptions): Hono {
  checkOptions(options)
  const api = new Api(realtime, options)
  const { basePath = BASE } = options
  const app = new Hono()
  for (const row of OPERATIONS) {
    const serve = api.around((request, context) => api.call(row, request, context), row.name)
    app.on(row.method, `${basePath}/${row.name}`, serve)
  }
  const document = api.around((_, { req }) => Response.json(documentFor(req.path)))
  const docs = api.around(() => page())
  const stray = api.around((request, { req }) => api.stray(request, req.path))
  app.get(`${basePath}/openapi.json`, document)
  if (options.docs !== false) app.get(`${basePath}/docs`, docs)
  app.all(`${basePath}/*`, stray)
  app.notFound(stray)
  return app
}

/** One API: what its operations share. */
class Api {
  private readonly realtime: Realtime
  private readonly keys: KeyRing
  private readonly clock: Clock
  private readonly bodies: BodyLimits
  private readonly log: NonNullable<ApiOptions['log']>
  private readonly pages: ReturnType<typeof crossOrigin>
  private readonly hasDocs: boolean
  private readonly basePath: string

  constructor(realtime: Realtime, options: ApiOptions) {
    const { limits } = realtime.facts
    this.realtime = realtime
    this.clock = options.clock ?? systemClock
    this.keys = new KeyRing(options, this.clock)
    this.bodies = {
      bytes: options.maxBody ?? 2 * limits.body + BODY_SLACK,
      timeout: options.bodyTimeout ?? BODY_TIMEOUT,
      depth: limits.depth,
      keys: limits.keys,
    }
    this.log = options.log ?? ((): void => {})
    this.pages = crossOrigin({
      ...(options.origins !== undefined && { origins: options.origins }),
      methods: ['GET', 'HEAD', 'POST'],
      headers: ['Authorization', 'X-API-Key', 'Content-Type', 'Idempotency-Key'],
      exposed: ['Retry-After', 'WWW-Authenticate'],
    })
    this.hasDocs = options.docs !== false
    this.basePath = options.basePath ?? BASE
  }

  /** What holds for every answer: which pages may ask, where a key must not be, and the headers. */
  around(handler: Handler, name = ''): (context: HonoContext) => Promise<Response> {
    return async (context) => {
      const request = context.req.raw
      // The browser says that this is a page of the very origin it asks: no list is needed for that.
      const isOwn = request.headers.get('sec-fetch-site') === 'same-origin'
      const { headers, answer } = isOwn ? { headers: {}, answer: null } : this.pages(request)
      let response: Response
      try {
        if (answer?.status === 403) throw new Refusal('forbidden', answer.text)
        refuseKeyInUrl(new URL(request.url))
        response = answer === null ? await handler(request, context) : new Response(null, { status: answer.status })
      } catch (error) {
        response = this.refusal(error, name).toResponse(false)
      }
      for (const [field, value] of Object.entries({ ...SECURITY, ...headers })) {
        if (!response.headers.has(field)) response.headers.set(field, value)
      }
      return response
    }
  }

  /** One call of an operation. */
  async call(row: Operation, request: Request, context: HonoContext): Promise<Response> {
    const caller = this.keys.callerOf(request.headers)
    caller.spend(1)
    caller.mayDo(row.scope)
    const input = check(row.input as never, await this.read(row, request, context)) as never
    caller.spend((row.cost?.(input) ?? 1) - 1)
    const failed = (error: unknown): void => this.failed(error, row.name)
    try {
      const answer = Response.json(await row.run(input, { realtime: this.realtime, caller, failed }))
      this.realtime.counters.count('tautline_api_requests_total', 1, 'ok')
      return answer
    } catch (error) {
      return this.refusal(error, row.name).toResponse(row.repeatable(input))
    }
  }

  /** What nobody serves: 405 where another method would do, else 404. */
  stray(request: Request, path: string): Response {
    const served = this.served()
    const name = path.slice(path.lastIndexOf('/') + 1)
    // The app may be mounted below a path of its own.
    const method = path.endsWith(`${this.basePath}/${name}`) ? served.get(name) : undefined
    if (method !== undefined) {
      const allow = method === 'GET' ? 'GET, HEAD, OPTIONS' : 'POST, OPTIONS'
      if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } })
      throw new Refusal('unsupported', `send this as ${method}`, { headers: { allow } }, 405)
    }
    const near = nearest(name, [...served.keys()])
    const hint = near === null ? '' : `: did you mean "${this.basePath}/${near}"?`
    throw new Refusal('not-found', `there is nothing here${hint}`)
  }

  private served(): Map<string, string> {
    const rows = OPERATIONS.map((row): [string, string] => [row.name, row.method])
    return new Map([...rows, ['openapi.json', 'GET'], ...(this.hasDocs ? ([['docs', 'GET']] as const) : [])])
  }

  private async read(row: Operation, request: Request, context: HonoContext): Promise<unknown> {
    const url = new URL(request.url)
    if (row.method === 'GET') return readQuery(url, row.input)
    const [stray] = url.searchParams.keys()
    if (stray !== undefined) {
      const where = `send the fields of ${row.name} in the body, not in the URL`
      throw new Refusal('bad-request', where, { field: shownName(stray) ?? undefined })
    }
    return withHeaderKey(row, await readJson(context.req, this.bodies, this.clock), request.headers)
  }

  private refusal(error: unknown, name: string): Refusal {
    const refusal = refusalOf(error, (unknown) => this.failed(unknown, name))
    const { counters } = this.realtime
    counters.count('tautline_api_requests_total', 1, refusal.code)
    if (refusal.code === 'rate') counters.count('tautline_limited_total', 1, 'api rate')
    else if (refusal.code === 'too-large' || refusal.status === 408)
      counters.count('tautline_limited_total', 1, 'api body')
    return refusal
  }

  private failed(error: unknown, operation: string): void {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : typeof error
    try {
      this.log('api failed', { operation, error: text.slice(0, 500) })
    } catch {}
  }
}

/** The idempotency key of a header, as the field `key`. A draft of the IETF writes it in quotes, most people do not. */
function withHeaderKey(row: Operation, body: unknown, headers: Headers): unknown {
  const header = headers.get('idempotency-key')
  if (header === null) return body
  const field = 'Idempotency-Key'
  if (!row.keyed) {
    // Whatever may be repeated anyway needs none; clients send it with every POST.
    if (row.repeatable({} as never)) return body
    throw new Refusal('bad-request', `${row.name} cannot be made idempotent: leave out the header`, { field })
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header
  const { key: said } = body as { readonly key?: unknown }
  if (said !== undefined && said !== key) {
    throw new Refusal('bad-request', 'the header Idempotency-Key and the field "key" differ', { field })
  }
  return { ...body, key }
}

let described: OpenApiDocument | null = null

/** @param path of the document itself, as whoever asks sees it */
function documentFor(path: string): OpenApiDocument {
  described ??= describe(OPERATIONS)
  return { ...described, servers: [{ url: path.slice(0, path.lastIndexOf('/')) }] }
}
