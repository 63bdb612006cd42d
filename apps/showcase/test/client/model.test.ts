import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Backoff, FIRST_WAIT, LONGEST_WAIT } from '../../src/client/backoff.ts'
import { MAX_WAITING, Outbox, WINDOW } from '../../src/client/outbox.ts'
import { GROUP_WITHIN, type MessageRow, rowsOf } from '../../src/client/rows.ts'
import { MAX_ITEMS, RESTARTED, Timeline } from '../../src/client/timeline.ts'
import type { ChatMessage } from '../../src/shared/messages.ts'

function message(seq: number, user = 'bo', id = `m${seq}`, at = seq): ChatMessage {
  return { seq, id, user, name: user, text: `text ${seq}`, at }
}

describe('backoff', () => {
  it('chooses evenly between nothing and a bound that doubles up to 15 s', () => {
    const highest = new Backoff(() => 1)
    const bounds = [FIRST_WAIT, 1000, 2000, 4000, 8000, LONGEST_WAIT, LONGEST_WAIT]
    assert.deepEqual(
      bounds.map(() => highest.next()),
      bounds,
    )
    const lowest = new Backoff(() => 0)
    assert.deepEqual([lowest.next(), lowest.next()], [0, 0])
    const half = new Backoff(() => 0.5)
    assert.deepEqual([half.next(), half.next(), half.next()], [250, 500, 1000])
  })

  it('stays at its bound after a thousand attempts and starts anew after a reset', () => {
    const backoff = new Backoff(() => 1)
    for (let n = 0; n < 2000; n++) assert.ok(backoff.next() <= LONGEST_WAIT)
    assert.equal(backoff.attempts, 2000)
    backoff.reset()
    assert.equal(backoff.next(), FIRST_WAIT)
  })
})

describe('the outbox', () => {
  function outbox(stored: Map<string, string> | null = null): Outbox {
    let last = 0
    const storage =
      stored === null
        ? null
        : {
            getItem: (key: string) => stored.get(key) ?? null,
            setItem: (key: string, value: string) => void stored.set(key, value),
          }
    return new Outbox(storage, () => `id${++last}`)
  }

  it('hands out messages in order, a window of them at a time, each once', () => {
    const box = outbox()
    for (let n = 0; n < WINDOW + 2; n++) box.add(`text ${n}`, n)
    const sent = Array.from({ length: WINDOW }, () => box.next()?.text)
    assert.deepEqual(
      sent,
      Array.from({ length: WINDOW }, (_, n) => `text ${n}`),
    )
    assert.equal(box.next(), null)
    assert.equal(box.settle('id1'), true)
    assert.equal(box.next()?.text, `text ${WINDOW}`)
  })

  it('after a lost connection everything without a receipt is sent again, under the same ids', () => {
    const box = outbox()
    box.add('one', 0)
    box.add('two', 0)
    box.next()
    box.next()
    box.settle('id1')
    box.connectionLost()
    assert.deepEqual(box.next(), { id: 'id2', text: 'two', at: 0 })
    assert.equal(box.next(), null)
  })

  it('a postponed message comes again, before those after it', () => {
    const box = outbox()
    box.add('one', 0)
    box.add('two', 0)
    box.next()
    box.postpone('id1')
    assert.equal(box.next()?.text, 'one')
  })

  it('a receipt for something else changes nothing', () => {
    const box = outbox()
    box.add('one', 0)
    assert.equal(box.settle('other'), false)
    assert.equal(box.waiting.length, 1)
  })

  it('is bounded, and survives a reload of the tab', () => {
    const stored = new Map<string, string>()
    const box = outbox(stored)
    for (let n = 0; n < MAX_WAITING; n++) assert.notEqual(box.add('text', n), null)
    assert.equal(box.add('one too many', 0), null)
    assert.deepEqual(outbox(stored).waiting, box.waiting)
  })

  it('begins empty when what was stored makes no sense', () => {
    for (const text of ['{', '{}', 'null', '[1,null,{"id":1}]']) {
      assert.deepEqual(outbox(new Map([['tautline.chat.outbox', text]])).waiting, [], text)
    }
  })
})

describe('the timeline', () => {
  it('shows every message once, however often it comes', () => {
    const timeline = new Timeline()
    assert.equal(timeline.welcome('e1', [message(1), message(2)]), 2)
    assert.equal(timeline.add(message(2)), false)
    assert.equal(timeline.add(message(3)), true)
    assert.equal(timeline.items.length, 3)
    assert.deepEqual(timeline.position, { epoch: 'e1', seq: 3 })
  })

  it('a return without a gap leaves no note', () => {
    const timeline = new Timeline()
    timeline.welcome('e1', [message(1)])
    timeline.welcome('e1', [message(2), message(3)])
    assert.deepEqual(
      timeline.items.map((item) => item.kind),
      ['message', 'message', 'message'],
    )
  })

  it('says how many messages are missing when more went by than the server keeps', () => {
    const timeline = new Timeline()
    timeline.welcome('e1', [message(1)])
    timeline.welcome('e1', [message(5)])
    assert.deepEqual(timeline.items[1], {
      kind: 'note',
      key: 'note:1',
      text: '3 messages went by while you were away.',
    })
  })

  it('keeps what it knows over a restart of the server, says so, and does not repeat what was sent again', () => {
    const timeline = new Timeline()
    timeline.welcome('e1', [message(1, 'bo', 'a')])
    timeline.welcome('e2', [message(1, 'bo', 'a'), message(2, 'bo', 'b')])
    assert.deepEqual(
      timeline.items.map((item) => (item.kind === 'note' ? item.text : item.key)),
      ['bo:a', RESTARTED, 'bo:b'],
    )
    assert.deepEqual(timeline.position, { epoch: 'e2', seq: 2 })
  })

  it('is bounded', () => {
    const timeline = new Timeline()
    timeline.welcome('e1', [])
    for (let n = 1; n <= MAX_ITEMS * 6; n++) timeline.add(message(n))
    assert.equal(timeline.items.length, MAX_ITEMS)
    assert.equal(timeline.add(message(MAX_ITEMS * 6)), false)
  })
})

describe('the rows of the page', () => {
  const noon = new Date(2026, 4, 1, 12).getTime()
  const base = { waiting: [], you: 'ada', yourName: 'Ada', now: noon }

  function rows(
    messages: readonly ChatMessage[],
    waiting: { id: string; text: string; at: number }[] = [],
  ): MessageRow[] {
    const timeline = new Timeline()
    timeline.welcome('e1', messages)
    return rowsOf({ ...base, items: timeline.items, waiting }).filter((row) => row.kind === 'message')
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
      drawn.map((row) => row.first),
      [true, false, true, true, true],
    )
    assert.deepEqual(
      drawn.map((row) => row.own),
      [false, false, true, false, false],
    )
  })

  it('what waits stands last, as our own, under the key it will have when it is sent', () => {
    const drawn = rows([message(1, 'bo', 'a', noon)], [{ id: 'x', text: 'soon', at: noon }])
    assert.equal(drawn[1]?.key, 'ada:x')
    assert.equal(drawn[1]?.pending, true)
    assert.equal(drawn[1]?.own, true)
  })

  it('another day begins with its name', () => {
    const timeline = new Timeline()
    timeline.welcome('e1', [message(1, 'bo', 'a', noon - 86_400_000), message(2, 'bo', 'b', noon)])
    assert.deepEqual(
      rowsOf({ ...base, items: timeline.items }).map((row) => row.kind),
      ['day', 'message', 'day', 'message'],
    )
  })
})
