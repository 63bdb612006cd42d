import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { OutboxEntry } from '@tautline/client'
import type { Position } from '@tautline/wire'
import { Bookmarks } from '../../src/client/bookmarks.ts'
import { peopleOf } from '../../src/client/here.ts'
import { explainLoss } from '../../src/client/losses.ts'
import { MAX_OUTGOING, Outgoing } from '../../src/client/outgoing.ts'
import { ReadMark } from '../../src/client/read-mark.ts'
import { pathOf, roomOf } from '../../src/client/route.ts'
import { GROUP_WITHIN, ownKey, type Row, rowsOf } from '../../src/client/rows.ts'
import { type Situation, wordsFor } from '../../src/client/standing.ts'
import { type BrowserStorage, Remembered } from '../../src/client/storage.ts'
import { TabOutbox } from '../../src/client/tab-outbox.ts'
import { type ChatMessage, MAX_ITEMS, Timeline } from '../../src/client/timeline.ts'
import { Typing } from '../../src/client/typing.ts'

const at = (offset: number, epoch: string = 'e1'): Position => ({ epoch, offset, id: `w.${offset}` })

function message(offset: number, user: string = 'bo', text: string = `text ${offset}`, time: number = 0): ChatMessage {
  return { id: `w.${offset}`, position: at(offset), user, name: user, text, at: time }
}

function storageOf(map: Map<string, string>): BrowserStorage {
  return { getItem: (key) => map.get(key) ?? null, setItem: (key, value) => void map.set(key, value) }
}

describe('what is remembered in the browser', () => {
  it('is seen by every tab that shares the storage', () => {
    const shared = new Map<string, string>()
    new Remembered(storageOf(shared), 'a.').set('x', '1')
    assert.equal(new Remembered(storageOf(shared), 'a.').get('x'), '1')
    assert.equal(new Remembered(storageOf(shared), 'b.').get('x'), null)
  })

  it('lasts as long as the page where there is no storage, or where it is full', () => {
    const full: BrowserStorage = {
      getItem: () => null,
      setItem: () => {
        throw new Error('QuotaExceededError')
      },
    }
    for (const storage of [null, full]) {
      const remembered = new Remembered(storage, '')
      remembered.set('x', '1')
      assert.equal(remembered.get('x'), '1')
    }
  })

  it('a bookmark moves forward only, but into another epoch whenever that is', () => {
    const bookmarks = new Bookmarks(new Remembered(null, ''))
    bookmarks.set('general', at(7))
    bookmarks.set('general', at(3))
    assert.deepEqual(bookmarks.get('general'), at(7))
    bookmarks.set('general', at(1, 'e2'))
    assert.deepEqual(bookmarks.get('general'), at(1, 'e2'))
  })

  it('a bookmark that makes no sense is none', () => {
    for (const text of ['{', 'null', '[]', '{"epoch":1}', '{"epoch":"e","offset":"1","id":""}']) {
      const remembered = new Remembered(storageOf(new Map([['general', text]])), '')
      assert.equal(new Bookmarks(remembered).get('general'), null, text)
    }
  })
})

describe('the outbox of a tab', () => {
  const entry = (key: string, since: number | null = null): OutboxEntry => {
    return { key, channel: 'room:general', body: { json: '{"text":"x","name":"Ada"}' }, since }
  }

  it('survives a reload: the same secret, the same entries in order, with the time of their first transmission', () => {
    const stored = new Map<string, string>()
    const before = new TabOutbox(new Remembered(storageOf(stored), ''))
    assert.deepEqual(
      before.open(() => 'secret'),
      { client: 'secret', entries: [] },
    )
    for (const key of ['a', 'b', 'c']) before.put(entry(key))
    before.stamp([entry('a'), entry('b')], 42)
    before.remove(entry('a', 42))
    const after = new TabOutbox(new Remembered(storageOf(stored), '')).open(() => 'another')
    assert.deepEqual(after, { client: 'secret', entries: [entry('b', 42), entry('c')] })
  })

  it('is bounded, and begins empty when what was stored makes no sense', () => {
    const outbox = new TabOutbox(new Remembered(null, ''))
    assert.throws(() => {
      for (let n = 0; n < 10_000; n++) outbox.put(entry(`k${n}`))
    }, /waits/)
    for (const text of [
      '{',
      '{}',
      'null',
      '[1,null,{"key":1}]',
      '[{"key":"a","channel":"c","since":null,"body":{"json":"{"}}]',
    ]) {
      const stored = new Map([['entries', text]])
      assert.deepEqual(new TabOutbox(new Remembered(storageOf(stored), '')).entries, [], text)
    }
  })
})

describe('the timeline', () => {
  it('holds every message once, however often it comes', () => {
    const timeline = new Timeline()
    assert.equal(timeline.add(message(1)), true)
    assert.equal(timeline.add(message(1)), false)
    timeline.prepend([message(1)], at(0), false)
    assert.equal(timeline.items.length, 1)
  })

  it('grows at both ends, and knows where what is older ends', () => {
    const timeline = new Timeline()
    timeline.begin(at(2))
    timeline.add(message(3))
    timeline.prepend([message(1), message(2)], at(0), false)
    assert.deepEqual(
      timeline.items.map((item) => item.kind === 'message' && item.message.position.offset),
      [1, 2, 3],
    )
    assert.deepEqual([timeline.start, timeline.complete], [at(0), true])
  })

  it('is bounded: what is let go can be asked for again', () => {
    const timeline = new Timeline()
    timeline.prepend([], at(0), false)
    for (let n = 1; n <= MAX_ITEMS + 10; n++) timeline.add(message(n))
    assert.equal(timeline.items.length, MAX_ITEMS)
    assert.deepEqual([timeline.start, timeline.complete], [at(10), false])
    timeline.prepend([message(10)], at(9), true)
    assert.equal(timeline.items.length, MAX_ITEMS + 1)
  })
})

describe('what has been read', () => {
  it('the line stands above the first message that came while nobody looked, and stays until they turn away', () => {
    const mark = new ReadMark()
    mark.missed('a')
    mark.missed('b')
    assert.deepEqual([mark.unread, mark.line], [2, 'a'])
    mark.seen()
    assert.deepEqual([mark.unread, mark.line], [0, 'a'])
    mark.missed('c')
    assert.deepEqual([mark.unread, mark.line], [1, 'a'])
    mark.turned()
    assert.equal(mark.line, 'a', 'what is unread stays new')
    mark.seen()
    mark.turned()
    assert.equal(mark.line, null)
    mark.missed('d')
    assert.equal(mark.line, 'd')
  })
})

describe('what is on its way', () => {
  it('is kept in order, and leaves when its copy arrives', () => {
    const outgoing = new Outgoing()
    for (const key of ['a', 'b', 'c']) outgoing.add(key, key, 0)
    outgoing.becomes('a', 'sent')
    outgoing.becomes('b', 'unknown', 'no answer')
    assert.deepEqual(
      outgoing.messages.map(({ key, fate }) => `${key} ${fate}`),
      ['a sent', 'b unknown', 'c sending'],
    )
    assert.equal(outgoing.take('a')?.text, 'a')
    assert.equal(outgoing.take('a'), null)
    outgoing.becomes('c', 'sent')
    outgoing.forgetSent()
    assert.deepEqual(
      outgoing.messages.map(({ key }) => key),
      ['b'],
    )
  })

  it('is bounded', () => {
    const outgoing = new Outgoing()
    for (let n = 0; n < MAX_OUTGOING; n++) assert.equal(outgoing.add(`k${n}`, 'x', 0), true)
    assert.equal(outgoing.add('one too many', 'x', 0), false)
  })
})

describe('the rows of a room', () => {
  const noon = new Date(2026, 4, 1, 12).getTime()

  function rows(messages: readonly ChatMessage[], rest: Partial<Parameters<typeof rowsOf>[0]> = {}): Row[] {
    const timeline = new Timeline()
    for (const one of messages) timeline.add(one)
    const base = { items: timeline.items, outgoing: [], line: null, you: 'ada', yourName: 'Ada', now: noon }
    return rowsOf({ ...base, ...rest })
  }

  it('messages of one person within five minutes stand under one name', () => {
    const drawn = rows([
      message(1, 'bo', 'a', noon),
      message(2, 'bo', 'b', noon + 1000),
      message(3, 'ada', 'c', noon + 2000),
      message(4, 'bo', 'd', noon + 3000),
      message(5, 'bo', 'e', noon + 3001 + GROUP_WITHIN),
    ])
    assert.deepEqual(
      drawn.map((row) => row.kind === 'message' && [row.first, row.own]),
      [
        [true, false],
        [false, false],
        [true, true],
        [true, false],
        [true, false],
      ],
    )
  })

  it('what is on its way stands last, as our own, under the key that its copy will have', () => {
    const outgoing = new Outgoing()
    outgoing.add('k', 'soon', noon)
    const last = rows([message(1, 'bo', 'a', noon)], { outgoing: outgoing.messages }).at(-1)
    assert.equal(last?.kind === 'message' && last.own, true)
    assert.equal(last?.key, ownKey('k'))
  })

  it('the line stands above the first new message, which begins with a name', () => {
    const drawn = rows([message(1, 'bo', 'a', noon), message(2, 'bo', 'b', noon)], { line: 'w.2' })
    assert.deepEqual(
      drawn.map((row) => (row.kind === 'message' ? row.first : row.kind)),
      [true, 'new', true],
    )
  })

  it('another day begins with its name, and no two rows have one key even when a clock goes back', () => {
    const yesterday = noon - 86_400_000
    const drawn = rows([
      message(1, 'bo', 'a', yesterday),
      message(2, 'bo', 'b', noon),
      message(3, 'bo', 'c', yesterday),
    ])
    assert.deepEqual(
      drawn.map((row) => row.kind),
      ['day', 'message', 'day', 'message', 'day', 'message'],
    )
    assert.equal(new Set(drawn.map(({ key }) => key)).size, drawn.length)
  })
})

describe('losses in words', () => {
  it('are counted where they can be', () => {
    const lost = { why: 'trimmed', from: at(10), to: at(500), spread: 0 } as const
    assert.equal(
      explainLoss(lost, at(450), true),
      '440 messages went by while you were away: the server does not keep them any more.',
    )
    assert.match(explainLoss({ ...lost, why: 'limit' }, at(11), true), /^One message .* all at once\.$/)
  })

  it('are none when everything was fetched after all, or when there was nothing to lose', () => {
    const limit = { why: 'limit', from: at(10), to: at(20), spread: 0 } as const
    assert.equal(explainLoss(limit, at(5), true), '')
    const unwritten = { why: 'epoch', from: at(0), to: at(2, 'e2'), spread: 0 } as const
    assert.equal(explainLoss(unwritten, at(0, 'e2'), false), '')
  })

  it('say that another store means another conversation', () => {
    const replaced = { why: 'epoch', from: at(10), to: at(2, 'e2'), spread: 0 } as const
    assert.match(explainLoss(replaced, at(0, 'e2'), true), /replaced\. What is above/)
    assert.match(explainLoss(replaced, at(0, 'e2'), false), /replaced: .* gone/)
    const diverged = { why: 'diverged', from: at(10), to: at(8), spread: 0 } as const
    assert.match(explainLoss(diverged, at(0), true), /newest messages/)
  })
})

describe('how the connection stands', () => {
  const situation: Situation = {
    client: 'connected',
    room: 'live',
    healthy: true,
    retryIn: 0,
    online: true,
    reason: '',
    unsent: 0,
  }

  it('is live only when the room is', () => {
    assert.equal(wordsFor(situation).standing, 'live')
    for (const room of ['waiting', 'joining', 'catching-up', 'resyncing'] as const) {
      assert.equal(wordsFor({ ...situation, room }).standing, 'catching-up', room)
    }
    assert.equal(wordsFor({ ...situation, healthy: false }).standing, 'degraded')
  })

  it('counts down, and says what waits', () => {
    const words = wordsFor({ ...situation, client: 'waiting', retryIn: 2_400, unsent: 2 })
    assert.equal(words.text, 'Reconnecting in 3 s')
    assert.match(words.banner, /^No connection\. 2 messages wait/)
    assert.equal(words.action, 'Try now')
    assert.equal(wordsFor({ ...situation, client: 'waiting', online: false }).text, 'Offline, next try now')
  })

  it('says what the server said, and how to go on', () => {
    const words = wordsFor({ ...situation, client: 'stopped', reason: 'kicked' })
    assert.equal(words.banner, 'The server ended this connection: kicked.')
    assert.equal(words.action, 'Connect again')
  })
})

describe('the people', () => {
  it('one person with several tabs is one, by the newest name', () => {
    const members = [
      { peer: 'p1', user: 'ada', info: { name: 'Ada' } },
      { peer: 'p2', user: 'ada', info: { name: 'Ada L.' } },
      { peer: 'p3', user: 'bo', info: { name: '\u202eBo' } },
      { peer: 'p4', user: 'eve', info: { evil: true } },
    ]
    const names = new Map([['ada', 'Ada Lovelace']])
    assert.deepEqual(peopleOf(members, { of: (user) => names.get(user) }), [
      { id: 'ada', name: 'Ada Lovelace', tabs: 2 },
      { id: 'bo', name: 'Bo', tabs: 1 },
      { id: 'eve', name: 'Somebody', tabs: 1 },
    ])
  })

  it('who is writing is forgotten quickly', () => {
    const typing = new Typing()
    const people = ['ada', 'bo', 'cleo'].map((id) => ({ id, name: id }))
    assert.equal(typing.sentence(people, 0), '')
    typing.started('ada', 0)
    typing.started('nobody here', 0)
    assert.equal(typing.sentence(people, 0), '\u2068ada\u2069 is writing …')
    typing.started('bo', 1_000)
    assert.match(typing.sentence(people, 1_000), /and .*bo/)
    typing.started('cleo', 1_000)
    assert.match(typing.sentence(people, 1_000), /^3 people/)
    typing.stopped('cleo')
    assert.match(typing.sentence(people, 4_000), /bo/)
    assert.equal(typing.sentence(people, 60_000), '')
  })

  it('we say that we write now and then, and anew after each message', () => {
    const typing = new Typing()
    assert.deepEqual(
      [0, 1_000, 2_000, 2_001].map((now) => typing.shouldSay(now)),
      [true, false, true, false],
    )
    typing.said()
    assert.equal(typing.shouldSay(2_002), true)
  })
})

describe('addresses', () => {
  it('name a room, or none', () => {
    assert.equal(roomOf(pathOf('general')), 'general')
    assert.equal(roomOf('/r/general/'), 'general')
    for (const path of ['/', '/r/', '/r/A', '/r/../x', '/r/a/b', '/r/%3Cscript%3E', '/x/general']) {
      assert.equal(roomOf(path), null, path)
    }
  })
})
