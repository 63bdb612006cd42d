// The page's model against a real server on real connections; only the page itself is missing.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { type Broker, MemoryBroker } from '@tautline/broker'
import { Client } from '@tautline/client'
import type { Realtime } from '@tautline/server'
import { lastingPort } from '@tautline/testkit'
import { Bookmarks } from '../../src/client/bookmarks.ts'
import { Chat } from '../../src/client/chat.ts'
import { Identity, randomId } from '../../src/client/identity.ts'
import type { Room } from '../../src/client/room.ts'
import { type BrowserStorage, Remembered } from '../../src/client/storage.ts'
import { TabOutbox } from '../../src/client/tab-outbox.ts'
import { createChat } from '../../src/server/chat.ts'

/** A server process, as far as a client can tell. */
class Running {
  readonly http: Server
  readonly realtime: Realtime
  readonly port: number

  constructor(http: Server, realtime: Realtime) {
    this.http = http
    this.realtime = realtime
    this.port = (http.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    this.http.close()
    await this.realtime.close()
  }
}

async function start(broker: Broker, port: number): Promise<Running> {
  const http = createServer()
  const realtime = await createChat({ broker, now: () => performance.now(), origins: () => true, log: () => {} })
  realtime.attach(http)
  http.listen(port, '127.0.0.1')
  await once(http, 'listening')
  return new Running(http, realtime)
}

/** A browser: what its tabs share. */
class Browser {
  readonly local: BrowserStorage

  constructor() {
    this.local = storage()
  }
}

function storage(): BrowserStorage {
  const map = new Map<string, string>()
  return { getItem: (key) => map.get(key) ?? null, setItem: (key, value) => void map.set(key, value) }
}

/** One tab of it: a chat that can be waited for. */
class Tab {
  readonly chat: Chat
  readonly identity: Identity
  #wake: () => void

  constructor(port: number, browser: Browser, name: string, session: BrowserStorage = storage()) {
    this.#wake = () => {}
    this.identity = new Identity(new Remembered(browser.local, 'chat.'))
    this.identity.rename(name)
    const outbox = new TabOutbox(new Remembered(session, 'outbox.'))
    const client = new Client(`ws://127.0.0.1:${port}/realtime`, {
      token: () => JSON.stringify({ key: this.identity.key, name: this.identity.name }),
      backoff: { min: 20, max: 100 },
      outbox,
    })
    this.chat = new Chat({
      ...{ client, outbox, bookmarks: new Bookmarks(new Remembered(browser.local, 'read.')) },
      name: () => this.identity.name,
      newKey: () => randomId(12),
      now: () => performance.now(),
      wallClock: Date.now,
      online: () => true,
      onchange: () => this.#wake(),
    })
    this.chat.open('general')
    this.chat.start()
  }

  /** Resolves when it is so: looked at whenever something has changed. */
  async until(so: (chat: Chat) => boolean): Promise<void> {
    while (!so(this.chat)) await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  async room(name: string = 'general'): Promise<Room> {
    await this.until(({ rooms }) => rooms.get(name)?.subscription.state === 'live')
    return this.chat.rooms.get(name) as Room
  }

  async saw(...texts: string[]): Promise<void> {
    const room = await this.room()
    await this.until(() => texts.every((text) => textsOf(room).includes(text)))
  }

  /** The reader sees the end of the room. */
  async look(): Promise<void> {
    const room = await this.room()
    room.look(true)
  }

  say(text: string): void {
    assert.equal(this.chat.room?.say(text, this.identity.name), null)
  }
}

function textsOf(room: Room): string[] {
  return room.timeline.items.map((item) => (item.kind === 'message' ? item.message.text : item.text))
}

describe('the chat without a page', { timeout: 20_000 }, () => {
  const running = new Set<{ stop(): Promise<void> }>()
  const tabs = new Set<Tab>()

  afterEach(async () => {
    for (const { chat } of tabs) chat.client.close()
    for (const server of running) await server.stop()
    tabs.clear()
    running.clear()
  })

  async function serve(broker: Broker = new MemoryBroker({}), port?: number): Promise<Running> {
    const server = await start(broker, port ?? (await lastingPort()))
    running.add(server)
    return server
  }

  async function halt(server: Running): Promise<void> {
    running.delete(server)
    await server.stop()
  }

  function tab(port: number, browser: Browser, name: string, session?: BrowserStorage): Tab {
    const made = new Tab(port, browser, name, session)
    tabs.add(made)
    return made
  }

  it('who enters finds what was said; what is said is there once, under one key', async () => {
    const { port } = await serve()
    const ada = tab(port, new Browser(), 'Ada')
    const general = await ada.room()
    ada.say('hello')
    const [sending] = general.outgoing.messages
    assert.equal(sending?.fate, 'sending')
    await ada.until(() => general.outgoing.messages.length === 0)
    assert.equal(general.timeline.items[0]?.key, `own:${sending?.key}`)
    const bo = tab(port, new Browser(), 'Bo')
    await bo.saw('hello')
    assert.equal((await bo.room()).mark.unread, 0, 'what was there before is not news')
  })

  it('tabs of one browser are one person, whose name everybody learns', async () => {
    const { port } = await serve()
    const browser = new Browser()
    const [ada, again, bo] = [tab(port, browser, 'Ada'), tab(port, browser, 'Ada'), tab(port, new Browser(), 'Bo')]
    await bo.until(({ here }) => here.people.some(({ tabs }) => tabs === 2))
    assert.deepEqual(bo.chat.here.people.map(({ name, tabs }) => `${name} ${tabs}`).toSorted(), ['Ada 2', 'Bo 1'])
    ada.identity.rename('Ada L.')
    ada.chat.renamed()
    for (const one of [bo, again]) await one.until(({ here }) => here.people.some(({ name }) => name === 'Ada L.'))
  })

  it('counts what is said while nobody looks, and goes on exactly there after a reload', async () => {
    const { port } = await serve()
    const browser = new Browser()
    const [ada, bo] = [tab(port, browser, 'Ada'), tab(port, new Browser(), 'Bo')]
    await ada.look()
    await bo.room()
    bo.say('one')
    await ada.saw('one')
    ada.chat.room?.leave()
    bo.say('two')
    bo.say('three')
    await ada.saw('three')
    const general = await ada.room()
    assert.deepEqual([general.mark.unread, textsOf(general)], [2, ['one', 'two', 'three']])
    ada.chat.client.close()

    const later = tab(port, browser, 'Ada')
    await later.saw('three')
    const again = await later.room()
    await later.until(() => again.timeline.complete)
    assert.deepEqual(textsOf(again), ['one', 'two', 'three'])
    assert.equal(again.mark.unread, 2)
    const line = again.timeline.items.find(({ key }) => key === again.mark.line)
    assert.equal(line?.kind === 'message' && line.message.text, 'two')
    again.look(true)
    assert.equal(again.mark.unread, 0)
  })

  it('what is said without a server is sent once when there is one, though the tab was loaded again', async () => {
    const broker = new MemoryBroker({})
    const first = await serve(broker)
    const [browser, session] = [new Browser(), storage()]
    const ada = tab(first.port, browser, 'Ada', session)
    await ada.look()
    ada.say('before')
    await ada.saw('before')
    await halt(first)
    await ada.until(({ client }) => client.state === 'waiting')
    ada.say('one')
    ada.say('two')
    assert.match(ada.chat.words.banner, /2 messages wait/)
    await new Promise((resolve) => setImmediate(resolve))
    ada.chat.client.close()

    const again = tab(first.port, browser, 'Ada', session)
    await serve(broker, first.port)
    await again.saw('before', 'one', 'two')
    const general = await again.room()
    await again.until(() => general.outgoing.messages.length === 0)
    assert.deepEqual(textsOf(general), ['before', 'one', 'two'])
  })

  it('a room that somebody makes is there for all, and everything in it is new to them', async () => {
    const { port } = await serve()
    const [ada, bo] = [tab(port, new Browser(), 'Ada'), tab(port, new Browser(), 'Bo')]
    await bo.room()
    const name = await ada.chat.create('Tea')
    ada.chat.open(name)
    await ada.room(name)
    ada.say('first')
    await bo.until(({ rooms }) => rooms.get(name)?.mark.unread === 1)
    assert.equal(bo.chat.unreadElsewhere, 1)
  })

  it('what left long ago, without an answer, is of unknown fate: its writer decides', async () => {
    const { port } = await serve()
    const session = storage()
    const body = { json: JSON.stringify({ text: 'perhaps', name: 'Ada' }) }
    const since = Date.now() - 7_200_000
    session.setItem('outbox.entries', JSON.stringify([{ channel: 'room:general', key: 'k', body, since }]))
    const ada = tab(port, new Browser(), 'Ada', session)
    const general = await ada.room()
    await ada.until(() => general.outgoing.messages[0]?.fate === 'unknown')
    assert.deepEqual(textsOf(general), [])
    general.resend('k', 'Ada')
    await ada.saw('perhaps')
    assert.equal(general.outgoing.messages.length, 0)
  })

  it('what the server refuses says why, and can be taken back', async () => {
    const { port } = await serve()
    const ada = tab(port, new Browser(), 'Ada')
    const general = await ada.room()
    // The page would not send it: another program might.
    ada.say('x'.repeat(2001))
    await ada.until(() => general.outgoing.messages[0]?.fate === 'refused')
    const [refused] = general.outgoing.messages
    assert.match(refused?.why ?? '', /longer than 2000/)
    assert.equal(general.discard(refused?.key ?? '')?.length, 2001)
    assert.equal(general.outgoing.messages.length, 0)
  })

  it('a store that forgot everything is told in the room, which keeps what it knew', async () => {
    const first = await serve()
    const [ada, bo] = [tab(first.port, new Browser(), 'Ada'), tab(first.port, new Browser(), 'Bo')]
    await bo.room()
    await ada.room()
    ada.say('before')
    await bo.saw('before')
    await halt(first)
    await serve(new MemoryBroker({}), first.port)
    const general = await bo.room()
    await bo.until(() => general.timeline.items.some(({ kind }) => kind === 'note'))
    await ada.room()
    ada.say('after')
    await bo.saw('before', 'after')
    assert.match(textsOf(general)[1] ?? '', /replaced/)
  })
})
