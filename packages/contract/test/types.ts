// Type tests: compiled by `tsc -b`, never run. A line that should not compile bears @ts-expect-error; one that compiles
// after all is an error.
import * as v from 'valibot'
import { z } from 'zod'
import { defineContract, type MessageOf, type PatternOf, type PublishOf } from '../src/mod.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function yes<_T extends true>(): void {}

const contract = defineContract({
  channels: {
    'chat:*': { message: z.object({ text: z.string() }) },
    'chat:lobby': { message: z.object({ text: z.string(), shout: z.boolean().default(false) }) },
    'news:**': { message: v.object({ title: v.string() }) },
    'inbox:$user': { message: z.string().transform((text) => text.length) },
    'a:*:c': { message: z.literal('one') },
    '*:b:c': { message: z.literal('two') },
    plain: { message: z.null() },
  },
  rpc: { add: { input: z.object({ a: z.number() }), output: z.number() } },
})
type C = typeof contract

// The most specific pattern holds.
yes<Same<PatternOf<C, 'chat:42'>, 'chat:*'>>()
yes<Same<PatternOf<C, 'chat:lobby'>, 'chat:lobby'>>()
yes<Same<PatternOf<C, 'news:a:b:c'>, 'news:**'>>()
yes<Same<PatternOf<C, 'news:a'>, 'news:**'>>()
yes<Same<PatternOf<C, 'inbox:ann'>, 'inbox:$user'>>()
yes<Same<PatternOf<C, 'a:b:c'>, 'a:*:c'>>()
yes<Same<PatternOf<C, 'x:b:c'>, '*:b:c'>>()
yes<Same<PatternOf<C, 'plain'>, 'plain'>>()
// '*' is one segment; a literal has to be it.
yes<Same<PatternOf<C, 'chat:a:b'>, never>>()
yes<Same<PatternOf<C, 'chat'>, never>>()
yes<Same<PatternOf<C, 'plainer'>, never>>()
yes<Same<PatternOf<C, 'news'>, never>>()
yes<Same<PatternOf<C, string>, never>>()
// Known in part, or a pattern: each that may hold.
yes<Same<PatternOf<C, `inbox:${string}`>, 'inbox:$user'>>()
yes<Same<PatternOf<C, `chat:${number}`>, 'chat:*'>>()
yes<Same<PatternOf<C, `chat:${string}`>, 'chat:*' | 'chat:lobby'>>()
yes<Same<PatternOf<C, 'chat:*'>, 'chat:*' | 'chat:lobby'>>()
yes<Same<PatternOf<C, 'chat:**'>, never>>()
yes<Same<PatternOf<C, 'news:**'>, 'news:**'>>()
yes<Same<PatternOf<C, 'chat:1' | 'plain'>, 'chat:*' | 'plain'>>()

// Publishers write the input, subscribers read the output.
yes<Same<MessageOf<C, 'chat:42'>, { text: string }>>()
yes<Same<MessageOf<C, 'chat:lobby'>, { text: string; shout: boolean }>>()
yes<Same<PublishOf<C, 'chat:lobby'>, { text: string; shout?: boolean | undefined }>>()
yes<Same<MessageOf<C, 'inbox:ann'>, number>>()
yes<Same<PublishOf<C, 'inbox:ann'>, string>>()
yes<Same<MessageOf<C, 'news:a:b'>, { title: string }>>()
yes<Same<MessageOf<C, `chat:${string}`>, { text: string } | { text: string; shout: boolean }>>()

// Parts may be left out; values must be schemas.
defineContract({ channels: { 'a:*': { message: z.string(), description: 'of a' } } })
// @ts-expect-error no schema
defineContract({ channels: { 'a:*': { message: 'string' } } })
// @ts-expect-error no message
defineContract({ channels: { 'a:*': {} } })
// @ts-expect-error no output
defineContract({ rpc: { add: { input: z.string() } } })
