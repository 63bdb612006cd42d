// A real backend on a real port, whose answers a test scripts.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

export const SECRET = 'whsec_S3CRETtautlineTestBackendKeyNumber1aaaaa'
export const OTHER_SECRET = 'whsec_S3CRETtautlineTestBackendKeyNumber2bbbbb'

/** One request as it came. */
export interface Asked {
  readonly id: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly raw: string
  readonly body: Record<string, unknown>
  readonly response: ServerResponse
}

type Answer = (asked: Asked) => unknown

export class HttpBackend {
  readonly asked: Asked[] = []
  /** Requests under way now, and the most there ever were at once. */
  current = 0
  most = 0
  /** Connections that were made. */
  connections = 0
  /** What it says: a value is sent as JSON; undefined: the test answers by itself, or never. */
  answer: Answer
  readonly server: Server
  private readonly waiting: { readonly count: number; readonly resolve: () => void }[] = []

  private constructor(answer: Answer) {
    this.answer = answer
    this.server = createServer((request, response) => void this.take(request, response))
    this.server.on('connection', () => {
      this.connections++
    })
  }

  static async start(answer: Answer = () => ({ allow: true })): Promise<HttpBackend> {
    const backend = new HttpBackend(answer)
    await new Promise<void>((resolve) => backend.server.listen(0, '127.0.0.1', resolve))
    return backend
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hooks`
  }

  /** Resolves when so many requests have come. */
  seen(count: number): Promise<void> {
    if (this.asked.length >= count) return Promise.resolve()
    return new Promise((resolve) => this.waiting.push({ count, resolve }))
  }

  stop(): Promise<void> {
    this.server.closeAllConnections()
    return new Promise((resolve) => this.server.close(() => resolve()))
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.current++
    this.most = Math.max(this.most, this.current)
    response.once('close', () => {
      this.current--
    })
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const raw = Buffer.concat(pieces).toString()
    const asked: Asked = {
      id: String(request.headers['webhook-id']),
      path: request.url ?? '',
      headers: request.headers,
      raw,
      body: JSON.parse(raw) as Record<string, unknown>,
      response,
    }
    // Every request of every test: whoever knows nothing of ours finds the signature right.
    new Webhook(SECRET).verify(raw, request.headers as Record<string, string>)
    this.asked.push(asked)
    for (const one of this.waiting) if (this.asked.length >= one.count) one.resolve()
    const said = await this.answer(asked)
    if (said !== undefined) reply(response, said)
  }
}

/** Answers with JSON. */
export function reply(response: ServerResponse, said: unknown): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(said))
}

/** Answers with a status. */
export function status(code: number, headers: Record<string, string> = {}): Answer {
  return ({ response }) => {
    response.writeHead(code, headers)
    response.end()
    return undefined
  }
}

/** Answers one after another; the last again and again. */
export function oneAfterAnother(...answers: readonly Answer[]): Answer {
  let next = 0
  return (asked) => (answers[Math.min(next++, answers.length - 1)] as Answer)(asked)
}
