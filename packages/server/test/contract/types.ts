// Type tests: compiled by `tsc -b`, never run. A line that should not compile bears @ts-expect-error; one that compiles
// after all is an error.
import { defineContract } from '@tautline/contract'
import type { Json } from '@tautline/wire'
import { z } from 'zod'
import { createRealtime, type Realtime, type RealtimeOptions } from '../../src/mod.ts'

const contract = defineContract({
  channels: {
    'chat:*': {
      message: z.object({
        text: z.string(),
        at: z
          .date()
          .transform((at) => at.getTime())
          .optional(),
      }),
    },
    'score:*': { message: z.number() },
  },
  rpc: {
    add: { input: z.object({ a: z.number(), b: z.number().default(1) }), output: z.number() },
    count: { input: z.object({ to: z.number() }), output: z.object({ n: z.number() }), stream: true },
  },
})
const realtime = createRealtime({ contract, allow: 'everyone' })

export async function channels(id: number): Promise<void> {
  await realtime.publish('chat:42', { text: 'hello', at: new Date(0) })
  await realtime.publish(`chat:${id}`, { text: 'hello' }, { key: 'k' })
  await realtime.publish('score:1', 5)
  // @ts-expect-error a number where text should be
  await realtime.publish('chat:42', { text: 5 })
  // @ts-expect-error a number where text should be, in a name that is known in part
  await realtime.publish(`chat:${id}`, { text: 5 })
  // @ts-expect-error nothing where text should be
  await realtime.publish('chat:42', {})
  // @ts-expect-error bytes in a channel of the contract
  await realtime.publish('chat:42', new Uint8Array(1))
  // A channel that the contract does not name is JSON or bytes.
  await realtime.publish('other:42', { anything: ['goes'] })
  await realtime.publish('other:42', new Uint8Array(1))
  // @ts-expect-error no JSON
  await realtime.publish('other:42', new Date())

  const page = await realtime.history('chat:42', { limit: 5 })
  for (const item of page.items) {
    if (item.ev === 'fence') continue
    const { text, at }: { text: string; at?: number | undefined } = item.data
    // @ts-expect-error the message has no such field
    item.data.txt
    console.log(text, at)
  }
  const other = await realtime.history('other:42')
  const first: Json | undefined = other.items[0]?.ev === 'pub' ? other.items[0].data : undefined
  console.log(first)
}

realtime
  .rpc('add', ({ a, b }) => a + b)
  .rpc('count', async function* ({ to }, { signal }) {
    for (let n = 0; n < to && !signal.aborted; n++) yield { n }
  })
  .rpc('other', (said) => said)
// @ts-expect-error the result is no number
realtime.rpc('add', ({ a }) => `${a}`)
// @ts-expect-error the argument has no such field
realtime.rpc('add', ({ c }) => c)
// @ts-expect-error a stream gives several results
realtime.rpc('count', ({ to }) => ({ n: to }))

// A server with a contract is a server; without one everything is as it was.
export const plain: Realtime = realtime
export const options: RealtimeOptions = { contract }
export const open: Realtime = createRealtime({ allow: 'everyone' })
void open.publish('chat:42', { text: 5 })
open.rpc('add', (said) => said)
// @ts-expect-error no contract
createRealtime({ contract: { channels: { a: z.string() }, rpc: {} } })
