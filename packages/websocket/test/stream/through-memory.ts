// Sends one message through a process that holds both ends, and tells by how much its memory grew. Run as a program it
// is that process.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createServer, type MessageStream, streamOf, WebSocketStream } from '@tautline/websocket'

const MiB = 1024 * 1024

export interface Passed {
  readonly bytes: number
  /** MiB above what the process had after a first, small message. */
  readonly growth: number
}

/** Has a process of its own pass a message of so many MiB from a client through an echo server and back. */
export async function throughMemory(size: number): Promise<Passed> {
  const program = fileURLToPath(import.meta.url)
  const { stdout } = await promisify(execFile)(process.execPath, [program, String(size)])
  return JSON.parse(stdout) as Passed
}

async function* zeros(size: number): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(64 * 1024)
  for (let left = size; left > 0; left -= chunk.length) yield chunk
}

async function main(size: number): Promise<void> {
  const server = createServer({ host: '127.0.0.1', port: 0, parts: true }, (socket) => {
    const { readable, writable } = streamOf(socket, { messages: 'stream' })
    void readable.pipeTo(writable)
  })
  await server.listening
  const stream = new WebSocketStream(`ws://127.0.0.1:${server.address()?.port}`, { messages: 'stream' })
  const { readable, writable } = await stream.opened
  const writer = writable.getWriter()
  const reader = readable.getReader() as ReadableStreamDefaultReader<MessageStream>
  let bytes = 0
  let peak = 0
  const pass = async (length: number): Promise<void> => {
    const writing = writer.write(zeros(length))
    const { value } = await reader.read()
    bytes = 0
    for await (const part of value ?? []) {
      bytes += part.length
      peak = Math.max(peak, process.memoryUsage.rss())
    }
    await writing
  }
  // The first megabytes load code and grow the heap to its working size.
  await pass(16 * MiB)
  const before = peak
  await pass(size * MiB)
  await writer.close()
  await server.close()
  console.log(JSON.stringify({ bytes, growth: Math.round((peak - before) / MiB) }))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(Number(process.argv[2]))
