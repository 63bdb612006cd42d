// graphql-ws on @tautline/ws in place of ws: a query and a subscription. It is given the classes; it imports types only.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import WebSocket, { WebSocketServer } from '@tautline/ws'
import { buildSchema } from 'graphql'
import type { Client } from 'graphql-ws'

test('graphql-ws answers a query and a subscription on our server, for a client with our class', async () => {
  const { useServer } = await import('graphql-ws/use/ws')
  const { createClient } = await import('graphql-ws')
  const schema = buildSchema('type Query { hello: String } type Subscription { count: Int }')
  const roots = {
    query: { hello: () => 'world' },
    subscription: {
      count: async function* () {
        for (let count = 1; count <= 3; count++) yield { count }
      },
    },
  }
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/graphql' })
  const server = useServer({ schema, roots }, wss as never)
  await once(wss, 'listening')
  const url = `ws://127.0.0.1:${(wss.address() as AddressInfo).port}/graphql`
  const client = createClient({ url, webSocketImpl: WebSocket })
  assert.deepEqual(await results(client, '{ hello }'), [{ hello: 'world' }])
  assert.deepEqual(await results(client, 'subscription { count }'), [{ count: 1 }, { count: 2 }, { count: 3 }])
  await client.dispose()
  await server.dispose()
  wss.close()
})

async function results(client: Client, query: string): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const { data } of client.iterate({ query })) all.push({ ...(data as object) })
  return all
}
