// What the tests of the server's process need of clients.

import { Client, type ClientOptions, type Subscription } from '@tautline/client'

const clients: Client[] = []

export function connect(realtime: string, options: Partial<ClientOptions> = {}): Client {
  const client = new Client(realtime.replace('ws', 'http'), options as ClientOptions)
  client.on('error', () => {})
  clients.push(client)
  return client
}

export function closeAll(): void {
  for (const client of clients) client.close()
}

/** Resolves when a client, or a subscription, is in this state. */
export function reached(what: Client | Subscription<unknown>, wanted: string): Promise<void> {
  if (what.state === wanted) return Promise.resolve()
  return new Promise((resolve) => {
    const off = (what as Client).on('state', ({ state }) => {
      if ((state as string) !== wanted) return
      off()
      resolve()
    })
  })
}
