// An example as a process of its own, and a visitor who uses it: over HTTP with a cookie, and as a realtime client.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Client, type ClientState, type WebSocketClass } from '@tautline/client'
import { WebSocket } from '@tautline/websocket'

/** Where the pages of the examples are in these tests; nothing listens there. */
export const ORIGIN = 'https://app.example.com'

export interface Example {
  readonly url: string
  readonly port: number
  /** Everything it wrote. */
  output(): string
  stop(): Promise<void>
}

/** @param at where its own pages are; default: ORIGIN, on any port */
export async function start(name: string, at?: { port: number; origin: string }): Promise<Example> {
  const file = fileURLToPath(new URL(`../${name}/server.ts`, import.meta.url))
  const env = {
    ...process.env,
    PORT: String(at?.port ?? 0),
    ORIGINS: at?.origin ?? ORIGIN,
    SESSION_SECRET: 'S3CRET-of-the-sessions-in-the-tests-of-examples',
  }
  const child: ChildProcess = spawn(process.execPath, ['--conditions=tautline-source', file], { env })
  const exited = once(child, 'exit')
  let out = ''
  const port = await new Promise<number>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        out += chunk
        const found = /http:\/\/localhost:(\d+)/.exec(out)
        if (found !== null) resolve(Number(found[1]))
      })
    }
    child.on('exit', (code) => reject(new Error(`${name} ended with ${code}: ${out}`)))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    output: () => out,
    async stop() {
      child.kill()
      await exited
    },
  }
}

/** Somebody with a cookie jar. */
export class Visitor {
  readonly example: Example
  readonly origin: string
  cookie = ''
  readonly clients: Client[] = []

  constructor(example: Example, origin: string = ORIGIN) {
    this.example = example
    this.origin = origin
  }

  async get(path: string): Promise<Response> {
    return fetch(this.example.url + path, { headers: this.cookie === '' ? {} : { cookie: this.cookie } })
  }

  async post(path: string, fields: Record<string, string> = {}): Promise<Response> {
    const headers = { origin: this.origin, ...(this.cookie === '' ? null : { cookie: this.cookie }) }
    const body = new URLSearchParams(fields)
    const response = await fetch(this.example.url + path, { method: 'POST', body, headers, redirect: 'manual' })
    const set = response.headers.getSetCookie().find((line) => line.startsWith('session='))
    if (set !== undefined) this.cookie = set.split(';')[0] ?? ''
    return response
  }

  async logIn(user: string): Promise<Response> {
    const response = await this.post('/login', { user })
    assert.equal(response.status, 303, await response.text())
    return response
  }

  /** A client as a page of the visitor has it: the browser adds Origin and Cookie. */
  client(): Client {
    const { origin, cookie } = this
    class Browser extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, { protocols, origin, headers: cookie === '' ? {} : { Cookie: cookie } })
      }
    }
    const client = new Client(`${this.example.url}/realtime`, { WebSocket: Browser as unknown as WebSocketClass })
    this.clients.push(client)
    client.connect()
    return client
  }

  leave(): void {
    for (const client of this.clients) client.close()
  }
}

/** Waits for one of the states, and gives the reason that was told. */
export function reaches(
  client: Client,
  ...states: ClientState[]
): Promise<{ state: ClientState; code?: number; text?: string }> {
  return new Promise((resolve) => {
    if (states.includes(client.state)) return resolve({ state: client.state })
    const stop = client.on('state', ({ state, reason }) => {
      if (!states.includes(state)) return
      stop()
      resolve({ state, ...reason })
    })
  })
}
