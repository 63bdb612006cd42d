// The built pages, read into memory once and answered from a table: a path that is not a key of the table does not
// exist, so no request ever becomes a file name. GET and HEAD only.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'

interface StaticFile {
  readonly type: string
  readonly cacheControl: string
  readonly bodies: Readonly<Record<Encoding, Body | null>>
}
interface Body {
  readonly bytes: Buffer
  readonly etag: string
}
type Encoding = 'identity' | 'gzip' | 'br'

const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.ico', 'image/x-icon'],
  ['.webmanifest', 'application/manifest+json'],
  ['.woff2', 'font/woff2'],
  ['.txt', 'text/plain; charset=utf-8'],
])
const COMPRESSIBLE = /^(?:text\/|image\/svg|application\/manifest)/

/** Sent with every answer. `connect-src 'self'` covers the WebSocket of the same host. */
export const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  [
    'Content-Security-Policy',
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; " +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  ],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Permissions-Policy', 'camera=(), geolocation=(), microphone=()'],
]

/** A folder of built files, ready to be served. */
export class StaticFiles {
  readonly #files: ReadonlyMap<string, StaticFile>

  constructor(files: ReadonlyMap<string, StaticFile>) {
    this.#files = files
  }

  /** The paths it answers, for tests and logs. */
  get paths(): string[] {
    return [...this.#files.keys()]
  }

  /** Answers one request, whatever it is. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of SECURITY_HEADERS) response.setHeader(name, value)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      refuse(request, response, 405, 'Method Not Allowed')
      return
    }
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    // Every room has an address, and all of them are one page.
    const file = this.#files.get(path === '/' || path.startsWith('/r/') ? '/index.html' : path)
    if (file === undefined) {
      refuse(request, response, 404, 'Not Found')
      return
    }
    const encoding = chooseEncoding(request.headers['accept-encoding'], file)
    const body = file.bodies[encoding]!
    response.setHeader('Content-Type', file.type)
    response.setHeader('Cache-Control', file.cacheControl)
    response.setHeader('Vary', 'Accept-Encoding')
    response.setHeader('ETag', body.etag)
    if (matches(request.headers['if-none-match'], body.etag)) {
      response.writeHead(304).end()
      return
    }
    if (encoding !== 'identity') response.setHeader('Content-Encoding', encoding)
    response.setHeader('Content-Length', body.bytes.length)
    response.writeHead(200)
    response.end(request.method === 'HEAD' ? undefined : body.bytes)
  }
}

/** Reads a whole folder. Rejects when it is missing or a file has an ending whose type is not known. */
export async function readStaticFiles(folder: string): Promise<StaticFiles> {
  const files = new Map<string, StaticFile>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const name = join(entry.parentPath, entry.name)
    const path = `/${relative(folder, name).split(sep).join('/')}`
    const type = TYPES.get(extname(name))
    if (type === undefined) throw new Error(`${path}: no media type is known for this ending`)
    files.set(path, await toStaticFile(path, type, await readFile(name)))
  }
  return new StaticFiles(files)
}

async function toStaticFile(path: string, type: string, bytes: Buffer): Promise<StaticFile> {
  const compress = COMPRESSIBLE.test(type) && bytes.length > 512
  return {
    type,
    // Vite puts a hash of the content into the names under /assets/: such a name never changes its meaning.
    cacheControl: path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    bodies: {
      identity: toBody(bytes),
      gzip: compress ? toBody(await promisify(gzip)(bytes)) : null,
      br: compress ? toBody(await promisify(brotliCompress)(bytes)) : null,
    },
  }
}

function toBody(bytes: Buffer): Body {
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` }
}

function chooseEncoding(accept: string | undefined, file: StaticFile): Encoding {
  const accepted = new Set<string>()
  for (const item of (accept ?? '').split(',')) {
    const [name, ...parameters] = item.split(';')
    // RFC 9110 §12.5.3: a weight of 0 means "not acceptable".
    if (!parameters.some((parameter) => /^\s*q=0(?:\.0*)?\s*$/i.test(parameter)))
      accepted.add(name!.trim().toLowerCase())
  }
  if (file.bodies.br !== null && accepted.has('br')) return 'br'
  if (file.bodies.gzip !== null && accepted.has('gzip')) return 'gzip'
  return 'identity'
}

// RFC 9110 §13.1.2: If-None-Match compares weakly.
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((item) => item.trim() === '*' || item.trim().replace(/^W\//, '') === etag)
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  response.setHeader('Cache-Control', 'no-store')
  response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  // The body of a request that we refuse is not read: the connection cannot be used again.
  if (status === 405) response.setHeader('Connection', 'close')
  response.setHeader('Content-Length', text.length + 1)
  response.writeHead(status)
  response.end(request.method === 'HEAD' ? undefined : `${text}\n`)
}
