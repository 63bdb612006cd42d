// @tautline/contract/asyncapi: a contract as an AsyncAPI 3.0 document, for people, generators and catalogues. It describes
// the server: what it receives is what clients send.

import type { CallContract, ChannelContract, Contract } from './contract.ts'
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts'
import { ContractError } from './read.ts'
import { isTable, same, type Table } from './table.ts'
import { shown } from './words.ts'

export interface AsyncApiOptions {
  readonly title: string
  /** Of the contract, not of AsyncAPI. */
  readonly version: string
  readonly description?: string
  /** Where clients connect: `wss://example.com/realtime`. */
  readonly server?: string | URL
}

/**
 * The document as JSON, by AsyncAPI 3.0.0 with JSON Schema draft 07.
 *
 * Each pattern is a channel (`chat:{1}`) with what clients publish (`receive`) and what they are sent (`send`); each method
 * is a request with its reply. What AsyncAPI has no word for stands in `x-tautline-…`: the pattern, the method, a stream.
 *
 * @throws ContractError naming the place of a schema that JSON Schema cannot say, or the option that is wrong
 */
export function asyncapi(contract: Contract, options: AsyncApiOptions): Table {
  const { title, version, description, server } = readOptions(options)
  const writer = new Writer()
  for (const [pattern, channel] of Object.entries(contract.channels)) writer.channel(pattern, channel)
  for (const [method, call] of Object.entries(contract.rpc)) writer.call(method, call)
  return {
    asyncapi: '3.0.0',
    info: { title, version, ...(description === undefined ? null : { description }) },
    defaultContentType: 'application/json',
    ...(server === undefined ? null : { servers: { main: server } }),
    channels: writer.channels,
    operations: writer.operations,
    components: { schemas: writer.schemas },
  }
}

class Writer {
  readonly channels: Record<string, Table> = {}
  readonly operations: Record<string, Table> = {}
  readonly schemas: Record<string, JsonSchema> = {}
  private readonly ids: Set<string> = new Set()

  channel(pattern: string, { message, publish, description }: ChannelContract): void {
    const path = `channels[${shown(pattern)}].message`
    const id = this.id(pattern)
    const published = publish === false ? true : jsonSchemaOf(path, message, 'input')
    const sent = jsonSchemaOf(path, message, 'output')
    const isOne = publish === false || same(published, sent)
    const messages: Record<string, Table> = { message: this.message(`${id}.message`, 'Message', sent) }
    if (!isOne) messages['published'] = this.message(`${id}.published`, 'Message as it is published', published)
    this.channels[id] = {
      ...addressOf(pattern),
      ...described(description),
      messages,
      'x-tautline-pattern': pattern,
    }
    const channel = ref('channels', id)
    const from = isOne ? 'message' : 'published'
    if (publish !== false) {
      this.operations[`publish.${id}`] = {
        action: 'receive',
        channel,
        summary: 'Clients publish',
        messages: [ref('channels', id, 'messages', from)],
      }
    }
    this.operations[`deliver.${id}`] = {
      action: 'send',
      channel,
      summary: 'Subscribers are sent',
      messages: [ref('channels', id, 'messages', 'message')],
    }
  }

  call(method: string, { input, output, stream, description }: CallContract): void {
    const path = `rpc[${shown(method)}]`
    const id = this.id(`rpc.${method}`)
    this.channels[id] = {
      // A call goes through no channel of tautline; AsyncAPI wants one.
      address: null,
      ...described(description),
      messages: {
        request: this.message(`${id}.request`, 'Argument', jsonSchemaOf(`${path}.input`, input, 'input')),
        reply: this.message(
          `${id}.reply`,
          stream === true ? 'One of several results' : 'Result',
          jsonSchemaOf(`${path}.output`, output, 'output'),
        ),
      },
      'x-tautline-method': method,
      ...(stream === true ? { 'x-tautline-stream': true } : null),
    }
    const channel = ref('channels', id)
    this.operations[`call.${id}`] = {
      action: 'receive',
      channel,
      summary: stream === true ? 'Clients call, and get several results' : 'Clients call',
      messages: [ref('channels', id, 'messages', 'request')],
      reply: { channel, messages: [ref('channels', id, 'messages', 'reply')] },
    }
  }

  private message(name: string, title: string, schema: JsonSchema): Table {
    this.schemas[name] = moved(schema, name)
    return { name, title, contentType: 'application/json', payload: ref('components', 'schemas', name) }
  }

  /** A name as AsyncAPI wants it, one for each: `chat:*` is `chat.any`. */
  private id(text: string): string {
    const words = text.replaceAll('**', 'all').replaceAll('*', 'any').replaceAll(':', '.')
    const id = words.replace(/[^\w.-]/g, '-')
    let free = id
    for (let n = 2; this.ids.has(free); n++) free = `${id}-${n}`
    this.ids.add(free)
    return free
  }
}

/** `chat:*:$user` is `chat:{1}:{user}`. */
function addressOf(pattern: string): Table {
  const parameters: Record<string, Table> = {}
  const address = pattern.split(':').map((segment, i) => {
    const wild = WILD[segment]
    if (wild === undefined) return segment
    const name = wild.name ?? String(i)
    parameters[name] = { description: wild.description }
    return `{${name}}`
  })
  return { address: address.join(':'), ...(Object.keys(parameters).length > 0 ? { parameters } : null) }
}

const WILD: Readonly<Record<string, { readonly name?: string; readonly description: string }>> = {
  '*': { description: 'One segment.' },
  '**': { name: 'rest', description: 'One segment or more.' },
  $user: { name: 'user', description: 'The user, as the server knows it.' },
}

/** A schema in its new place: its references lead there. */
function moved(schema: JsonSchema, name: string): JsonSchema {
  return JSON.parse(JSON.stringify(schema), (_key, value: unknown) => {
    const to = isTable(value) ? value['$ref'] : undefined
    if (typeof to !== 'string' || !to.startsWith('#')) return value
    return { ...(value as Table), $ref: `#/components/schemas/${escaped(name)}${to.slice(1)}` }
  }) as JsonSchema
}

function ref(...path: readonly string[]): Table {
  return { $ref: `#/${path.map(escaped).join('/')}` }
}

function escaped(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1')
}

function described(description: string | undefined): Table {
  return description === undefined ? {} : { description }
}

function readOptions(options: AsyncApiOptions): Omit<AsyncApiOptions, 'server'> & { readonly server?: Table } {
  const { title, version, description, server } = options
  for (const [name, value] of Object.entries({ title, version })) {
    if (typeof value !== 'string' || value === '') throw new ContractError(name, `must be text, not ${shown(value)}`)
  }
  const read = { title, version, ...(description === undefined ? null : { description }) }
  if (server === undefined) return read
  const url = URL.parse(String(server))
  if (url === null || !/^wss?:$/.test(url.protocol)) {
    throw new ContractError(
      'server',
      `must be a URL such as 'wss://example.com/realtime', not ${shown(String(server))}`,
    )
  }
  const { host, pathname, protocol } = url
  return { ...read, server: { host, pathname, protocol: protocol.slice(0, -1), protocolVersion: 'tautline.v1' } }
}
