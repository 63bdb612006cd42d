import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { readStaticFiles, SECURITY_HEADERS } from '../../src/server/static-files.ts'

const SCRIPT = `console.log(${JSON.stringify('x'.repeat(2000))})`

let folder: string
let server: Server

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tautline-static-'))
  await mkdir(join(folder, 'dist', 'assets'), { recursive: true })
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await writeFile(join(folder, 'dist', 'index.html'), '<!doctype html>hello')
  await writeFile(join(folder, 'dist', 'assets', 'index-abc.js'), SCRIPT)
  const files = await readStaticFiles(join(folder, 'dist'))
  server = createServer((incoming, response) => files.handle(incoming, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

after(async () => {
  server.close()
  server.closeAllConnections()
  await rm(folder, { recursive: true })
})

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

/** `node:http`, because fetch would tidy up the hostile paths. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = server.address() as AddressInfo
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

describe('static files', () => {
  it('the page is served at / and asked for again every time', async () => {
    const answer = await get('/?from=mail')
    assert.equal(answer.status, 200)
    assert.equal(answer.body.toString(), '<!doctype html>hello')
    assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
    assert.equal(answer.headers['cache-control'], 'no-cache')
  })

  it('a file with a hash in its name is kept for a year', async () => {
    const answer = await get('/assets/index-abc.js')
    assert.equal(answer.headers['content-type'], 'text/javascript; charset=utf-8')
    assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable')
  })

  it('every answer carries the security headers, errors too', async () => {
    for (const answer of [await get('/'), await get('/nothing'), await get('/', {}, 'POST')]) {
      for (const [name, value] of SECURITY_HEADERS) assert.equal(answer.headers[name.toLowerCase()], value)
    }
  })

  it('no path leads out of the folder', async () => {
    const paths = [
      '/../secret.txt',
      '/assets/../../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/assets/..\\..\\secret.txt',
      '//secret.txt',
      '/assets',
      '/assets/',
      '/__proto__',
      '/constructor',
      '/index.html%00.js',
      `/${'a/'.repeat(4000)}`,
    ]
    for (const path of paths) assert.equal((await get(path)).status, 404, path)
  })

  it('only GET and HEAD are answered', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
      const answer = await get('/', {}, method)
      assert.equal(answer.status, 405, method)
      assert.equal(answer.headers['allow'], 'GET, HEAD')
    }
  })

  it('HEAD says the same as GET, without the body', async () => {
    const [full, head] = [await get('/'), await get('/', {}, 'HEAD')]
    assert.equal(head.body.length, 0)
    assert.equal(head.headers['content-length'], full.headers['content-length'])
    assert.equal(head.headers['etag'], full.headers['etag'])
  })

  it('a page that has not changed is not sent again', async () => {
    const etag = String((await get('/')).headers['etag'])
    for (const asked of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await get('/', { 'If-None-Match': asked })
      assert.equal(answer.status, 304, asked)
      assert.equal(answer.body.length, 0)
    }
    assert.equal((await get('/', { 'If-None-Match': '"other"' })).status, 200)
  })

  it('what compresses is compressed for who accepts it, with an ETag of its own', async () => {
    const path = '/assets/index-abc.js'
    const [plain, gzip, brotli] = [
      await get(path, { 'Accept-Encoding': 'br;q=0, deflate' }),
      await get(path, { 'Accept-Encoding': 'gzip' }),
      await get(path, { 'Accept-Encoding': 'gzip, deflate, br' }),
    ]
    assert.equal(plain.headers['content-encoding'], undefined)
    assert.equal(plain.body.toString(), SCRIPT)
    assert.equal(gunzipSync(gzip.body).toString(), SCRIPT)
    assert.equal(brotliDecompressSync(brotli.body).toString(), SCRIPT)
    assert.equal(brotli.headers['vary'], 'Accept-Encoding')
    assert.equal(new Set([plain, gzip, brotli].map((answer) => answer.headers['etag'])).size, 3)
  })

  it('a file of unknown type is refused when the folder is read, not guessed at', async () => {
    await writeFile(join(folder, 'dist', 'tool.exe'), '')
    await assert.rejects(readStaticFiles(join(folder, 'dist')), /tool\.exe: no media type/)
  })
})
