import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Link } from '@tautline/server'
import { Chance, Machine, Scheduler } from '@tautline/testkit/simulation'
import { Network } from '../../src/simulation/network.ts'
import { type SimulatedEvent, type SimulatedWebSocket, socketClass } from '../../src/simulation/web-socket.ts'
import { CODECS } from '../../src/simulation/wire-observer.ts'

const quiet = { opened(): void {}, sent(): void {}, received(): void {}, ended(): void {} }

/** One client, one node, and a log of what both hear. */
function stage(): {
  scheduler: Scheduler
  network: Network
  client: Machine
  node: Machine
  log: string[]
  links: Link[]
  open: () => SimulatedWebSocket
  pass: (ms: number) => Promise<void>
} {
  const scheduler = new Scheduler()
  const network = new Network(new Chance(1, 'network'), CODECS, quiet)
  const client = new Machine(scheduler, 'c1')
  const node = new Machine(scheduler, 'n1')
  const log: string[] = []
  const links: Link[] = []
  network.listen({
    machine: node,
    accept: (link) => {
      links.push(link)
      link.open({
        frame: (frame) => log.push(`node hears ${String(frame)}`),
        drained: () => log.push('drained'),
        closed: () => log.push('node closed'),
      })
      link.send('hello')
    },
  })
  const open = (): SimulatedWebSocket => {
    const socket = new (socketClass(network, client))('ws://cluster.test/realtime', ['tautline.v1.json'])
    socket.onopen = () => log.push(`open ${socket.protocol}`)
    socket.onmessage = ((event: SimulatedEvent) => log.push(`client hears ${event.data}`)) as never
    socket.onerror = () => log.push('error')
    socket.onclose = ((event: SimulatedEvent) => log.push(`client closed ${event.code} ${event.wasClean}`)) as never
    return socket
  }
  const pass = async (ms: number): Promise<void> => {
    await scheduler.run(scheduler.now + ms, 10_000, (error) => {
      throw error
    })
  }
  return { scheduler, network, client, node, log, links, open, pass }
}

test('frames go both ways in order, behind the opening', async () => {
  const { log, links, open, pass } = stage()
  const socket = open()
  await pass(500)
  for (const word of ['a', 'b', 'c']) socket.send(word)
  for (const word of ['x', 'y']) links[0]?.send(word)
  await pass(500)
  assert.deepEqual(log.slice(0, 2), ['open tautline.v1.json', 'client hears hello'])
  assert.deepEqual(
    log.filter((line) => line.startsWith('node')),
    ['node hears a', 'node hears b', 'node hears c'],
  )
  assert.deepEqual(log.filter((line) => line.startsWith('client')).slice(1), ['client hears x', 'client hears y'])
})

test('a closing handshake from either side is clean and ends both', async () => {
  for (const side of ['client', 'node']) {
    const { log, links, open, pass, network } = stage()
    const socket = open()
    await pass(500)
    if (side === 'client') socket.close(1000)
    else links[0]?.close(4000, 'bye')
    await pass(500)
    assert.ok(log.includes('node closed'))
    assert.ok(log.includes(`client closed ${side === 'client' ? 1000 : 4000} true`))
    assert.equal(network.connections.length, 0)
  }
})

test('a node whose client does not read is told, and told again when it does', async () => {
  const { log, links, open, pass, network } = stage()
  open()
  await pass(500)
  network.connections[0]?.down.hold()
  assert.equal(links[0]?.send('x'.repeat(20_000)), false)
  await pass(5_000)
  assert.ok(!log.includes('drained'))
  network.connections[0]?.down.release()
  await pass(500)
  assert.equal(log.filter((line) => line === 'drained').length, 1)
})

test('a cut inside a frame loses it and what follows, not what went before, and both ends hear of it', async () => {
  const { log, links, open, pass, network } = stage()
  open()
  await pass(500)
  network.connections[0]?.cutInside('down', 2)
  for (const word of ['x', 'y', 'z']) links[0]?.send(word)
  await pass(500)
  assert.deepEqual(log.filter((line) => line.startsWith('client hears')).slice(1), ['client hears x'])
  assert.ok(log.includes('client closed 1006 false'))
  assert.ok(log.includes('node closed'))
})

test('a route that dies says nothing to anybody', async () => {
  const { log, links, open, pass, network } = stage()
  const socket = open()
  await pass(500)
  const before = log.length
  network.connections[0]?.vanish('both')
  socket.send('a')
  links[0]?.send('x')
  await pass(60_000)
  assert.equal(log.length, before)
})

test('dials are refused where nobody listens, and hang where the network is silent', async () => {
  const { log, node, open, pass, network } = stage()
  network.refusal = 'silent'
  const socket = open()
  await pass(30_000)
  assert.deepEqual(log, [])
  socket.close()
  await pass(1)
  assert.deepEqual(log, ['client closed 1006 false'])
  network.refusal = null
  network.unlisten(node)
  open()
  await pass(500)
  assert.deepEqual(log.slice(1), ['error', 'client closed 1006 false'])
})

test('a node that dies takes its links with it; its clients hear of it or not', async () => {
  for (const told of [true, false]) {
    const { log, node, open, pass, network } = stage()
    open()
    await pass(500)
    node.kill()
    network.lose(node, told)
    await pass(500)
    assert.equal(log.includes('client closed 1006 false'), told)
    assert.ok(!log.includes('node closed'))
  }
})
