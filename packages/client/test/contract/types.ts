// Type tests: compiled by `tsc -b`, never run. A line that should not compile bears @ts-expect-error; one that compiles
// after all is an error.
import { defineContract } from '@tautline/contract'
import * as v from 'valibot'
import { z } from 'zod'
import { type Channel, Client, type Json, type Message } from '../../src/mod.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function yes<_T extends true>(): void {}

const contract = defineContract({
  channels: {
    'chat:*': { message: z.object({ text: z.string(), loud: z.boolean().default(false) }) },
    'news:**': { message: v.object({ title: v.string() }) },
    'quotes:*': { message: z.number(), publish: false },
    'news:flash': { message: v.object({ title: v.string(), until: v.number() }) },
  },
  rpc: {
    add: { input: z.object({ a: z.number(), b: z.number().default(1) }), output: z.number() },
    now: { input: z.null(), output: z.string().transform((text) => new Date(text)) },
    count: { input: z.object({ to: z.number() }), output: z.object({ n: z.number() }), stream: true },
  },
})
const client = new Client<typeof contract>('http://localhost')

export async function channels(id: number): Promise<void> {
  const chat = client.channel('chat:42')
  yes<Same<typeof chat, Channel<{ text: string; loud: boolean }, { text: string; loud?: boolean | undefined }>>>()
  chat.subscribe(({ data }) => console.log(data.text, data.loud, data.text.length))
  // @ts-expect-error the message has no such field
  chat.subscribe({ onMessage: ({ data }) => console.log(data.txt) })
  for await (const { data } of chat.subscribe({ last: 5 })) yes<Same<typeof data, { text: string; loud: boolean }>>()
  await chat.publish({ text: 'hello' })
  await chat.publish({ text: 'hello', loud: true }, { state: 's' })
  // @ts-expect-error a number where text should be
  await chat.publish({ text: 5 })
  // @ts-expect-error bytes in a channel of the contract
  await chat.publish(new Uint8Array(1))
  const { messages } = await chat.history()
  yes<Same<typeof messages, readonly Message<{ text: string; loud: boolean }>[]>>()

  yes<Same<Data<ReturnType<typeof numbered>>, { text: string; loud: boolean }>>()
  function numbered() {
    return client.channel(`chat:${id}`)
  }
  // A name that is known in part may be that of the more specific pattern.
  const news = client.channel(`news:${String(id)}`)
  yes<Same<Data<typeof news>, { title: string } | { title: string; until: number }>>()
  await news.publish({ title: 'a', until: 5 })
  // @ts-expect-error it may be news:flash
  await news.publish({ title: 'a' })
  // A pattern is subscribed to with the types of all that it may bring.
  client.channel('news:*').subscribe(({ data }) => console.log(data.title))

  const quotes = client.channel('quotes:abc')
  quotes.subscribe(({ data }) => console.log(data.toFixed(2)))
  // @ts-expect-error only the server publishes here
  await quotes.publish(5)
  // A channel that the contract does not name is JSON, or what the caller says.
  const other = client.channel('other:42')
  yes<Same<typeof other, Channel<Json>>>()
  await other.publish(new Uint8Array(1))
  yes<Same<Data<ReturnType<typeof said>>, { n: number }>>()
  function said() {
    return client.channel<{ n: number }>('other:42')
  }
  const text: string = 'chat:42'
  const unknown = client.channel(text)
  yes<Same<typeof unknown, Channel<Json>>>()
}

export async function calls(): Promise<void> {
  const sum = await client.call('add', { a: 1 }, { timeout: 5 })
  yes<Same<typeof sum, number>>()
  const now = await client.call('now')
  yes<Same<typeof now, Date>>()
  await client.call('now', null, { timeout: 5 })
  // @ts-expect-error text where a number should be
  await client.call('add', { a: '1' })
  // @ts-expect-error no argument
  await client.call('add')
  // @ts-expect-error a stream is no call
  await client.call('count', { to: 5 })
  // @ts-expect-error a call is no stream
  client.stream('add', { a: 1 })
  // @ts-expect-error the argument has no such field
  client.stream('count', { till: 5 })
  for await (const one of client.stream('count', { to: 5 })) yes<Same<typeof one, { n: number }>>()

  const other = await client.call('other', [1], { timeout: 5 })
  yes<Same<typeof other, Json>>()
  const said = await client.call<{ n: number }>('other')
  yes<Same<typeof said, { n: number }>>()
  const wanted: string = await client.call('other')
  console.log(wanted)
}

type Data<C> = C extends Channel<infer T, never> ? T : never

// A client with a contract is a client; without one everything is as it was.
export const plain: Client = client
const open = new Client('http://localhost')
export const inferred: Channel<{ n: number }> = open.channel('chat:42')
export function generic<T>(name: string): Channel<T> {
  return open.channel<T>(name)
}
export const text: Channel<string> = open.channel<string>('chat:42')
export const call: Promise<number> = open.call('add', { any: 'thing' })
export async function* stream(): AsyncGenerator<Json> {
  yield* open.stream('count', 5)
}
// @ts-expect-error no contract
new Client<{ channels: number }>('http://localhost')
