// The page on which a development server is tried out, with the real client: its modules are served as they are installed,
// from this machine alone. Nothing comes from anywhere else.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Hono } from 'hono'
import { withoutTypes } from '../types.ts'

/** Packages that the page imports, and their folders: sources in the repository, what was built where it is installed. */
const ENTRIES = ['client', 'wire'].map((name) => {
  const file = fileURLToPath(import.meta.resolve(`@tautline/${name}`))
  return { name, folder: dirname(file), entry: basename(file) }
})
const IMPORTS = Object.fromEntries(
  ENTRIES.map(({ name, entry }) => [`@tautline/${name}`, `/_tautline/${name}/${entry}`]),
)
const IMPORT_MAP = JSON.stringify({ imports: IMPORTS })

const PAGE = fileURLToPath(new URL('../../page/', import.meta.url))
const FILES: Readonly<Record<string, string>> = {
  '/_tautline/tryout.js': 'text/javascript; charset=utf-8',
  '/_tautline/tryout.css': 'text/css; charset=utf-8',
}

export interface PageOptions {
  /** The path of the WebSocket endpoint. */
  readonly path: string
  /** The path of the HTTP API; null: there is none. */
  readonly api: string | null
}

export function developmentPage({ path, api }: PageOptions): Hono {
  const app = new Hono()
  const hash = createHash('sha256').update(IMPORT_MAP).digest('base64')
  const policy = [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
  const headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }

  app.get('/', async () => {
    const html = await readFile(join(PAGE, 'index.html'), 'utf8')
    const filled = html
      .replace('<!-- IMPORT MAP -->', `<script type="importmap">${IMPORT_MAP}</script>`)
      .replace('%PATH%', attribute(path))
      .replace('%API%', attribute(api ?? ''))
    return new Response(filled, {
      headers: { ...headers, 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy },
    })
  })
  for (const [route, type] of Object.entries(FILES)) {
    app.get(route, async () => {
      return new Response(await readFile(join(PAGE, basename(route))), {
        headers: { ...headers, 'content-type': type },
      })
    })
  }
  app.get('/_tautline/:name/:file{.+}', async (context) => {
    const { name, file } = context.req.param()
    const script = await readModule(name, file)
    if (script === null) return context.notFound()
    return new Response(script, { headers: { ...headers, 'content-type': 'text/javascript; charset=utf-8' } })
  })
  return app
}

/** A module of one of the packages as a browser reads it. */
async function readModule(name: string, file: string): Promise<string | null> {
  const found = ENTRIES.find((one) => one.name === name)
  if (found === undefined || !/^[\w-]+(\/[\w-]+)*\.[jt]s$/.test(file)) return null
  try {
    const text = await readFile(join(found.folder, file), 'utf8')
    return extname(file) === '.ts' ? withoutTypes(text) : text
  } catch {
    return null
  }
}

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}
