import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { MAX_REMEMBERED, MAX_TABS, Room } from '../../src/server/chat.ts'
import { LIMITS, type Position, type ServerMessage } from '../../src/shared/messages.ts'

type Sent = [to: string, message: ServerMessage]

let sent: Sent[]
let room: Room<string>

beforeEach(() => {
  sent = []
  room = new Room<string>('epoch-1', {
    toOne: (to, message) => sent.push([to, message]),
    toMany: (to, message) => {
      for (const one of to) sent.push([one, message])
    },
  })
})

function taken(): Sent[] {
  const all = sent
  sent = []
  return all
}

function join(connection: string, user: string, name: string, known?: Position): Sent[] {
  taken()
  assert.equal(room.join(connection, user, name, known), true)
  return taken()
}

function welcomeOf(all: readonly Sent[]): Extract<ServerMessage, { type: 'welcome' }> {
  const found = all.find(([, message]) => message.type === 'welcome')?.[1]
  assert.ok(found?.type === 'welcome')
  return found
}

describe('presence', () => {
  it('who enters is welcomed with everybody who is there, and the others learn of it', () => {
    join('1', 'ada', 'Ada')
    const all = join('2', 'bo', 'Bo')
    assert.deepEqual(all[0], ['1', { type: 'person', person: { id: 'bo', name: 'Bo', tabs: 1 } }])
    assert.deepEqual(
      welcomeOf(all).people.map((person) => person.name),
      ['Ada', 'Bo'],
    )
    assert.equal(all.length, 2)
  })

  it('two tabs are one person, who leaves with the last of them', () => {
    join('1', 'ada', 'Ada')
    join('2', 'bo', 'Bo')
    const all = join('3', 'ada', 'Ada')
    assert.deepEqual(
      all.filter(([, message]) => message.type === 'person').map(([to]) => to),
      ['1', '2'],
    )
    assert.deepEqual(welcomeOf(all).people, [
      { id: 'ada', name: 'Ada', tabs: 2 },
      { id: 'bo', name: 'Bo', tabs: 1 },
    ])
    room.leave('3')
    assert.deepEqual(taken()[0]?.[1], { type: 'person', person: { id: 'ada', name: 'Ada', tabs: 1 } })
    room.leave('1')
    assert.deepEqual(taken(), [['2', { type: 'left', id: 'ada' }]])
    assert.equal(room.connections, 1)
  })

  it('leaving twice, or without having entered, tells nobody', () => {
    join('1', 'ada', 'Ada')
    room.leave('2')
    room.leave('1')
    room.leave('1')
    assert.deepEqual(taken(), [])
    assert.deepEqual(room.people, [])
  })

  it('one person may have 16 tabs, not more', () => {
    for (let tab = 0; tab < MAX_TABS; tab++) join(`tab ${tab}`, 'ada', 'Ada')
    assert.equal(room.join('one more', 'ada', 'Ada'), false)
    assert.equal(room.connections, MAX_TABS)
  })

  it('a new name is told to all tabs of everybody; the same name to nobody', () => {
    join('1', 'ada', 'Ada')
    join('2', 'bo', 'Bo')
    room.rename('1', 'Ada L.')
    assert.deepEqual(
      taken().map(([to]) => to),
      ['1', '2'],
    )
    room.rename('1', 'Ada L.')
    assert.deepEqual(taken(), [])
  })

  it('the hint of writing goes to the others only', () => {
    join('1', 'ada', 'Ada')
    join('2', 'ada', 'Ada')
    join('3', 'bo', 'Bo')
    room.typing('1')
    assert.deepEqual(taken(), [['3', { type: 'typing', id: 'ada' }]])
  })
})

describe('messages', () => {
  it('what is said reaches everybody, the sender included, in one order', () => {
    join('1', 'ada', 'Ada')
    join('2', 'bo', 'Bo')
    room.say('1', 'a', 'hello', 1000)
    room.say('2', 'a', 'hi', 1001)
    const message = { seq: 1, id: 'a', user: 'ada', name: 'Ada', text: 'hello', at: 1000 }
    const all = taken()
    assert.deepEqual(all[0], ['1', { type: 'message', message }])
    assert.deepEqual(all[1], ['2', { type: 'message', message }])
    assert.equal(all.length, 4)
  })

  it('who has not entered says nothing', () => {
    join('1', 'ada', 'Ada')
    room.say('2', 'a', 'hello', 0)
    room.rename('2', 'Eve')
    room.typing('2')
    assert.deepEqual(taken(), [])
  })

  it('a message sent again after a lost receipt is answered to its sender and not said twice', () => {
    join('1', 'ada', 'Ada')
    join('2', 'bo', 'Bo')
    room.say('1', 'a', 'hello', 1000)
    const [, first] = taken()[0]!
    room.leave('1')
    join('3', 'ada', 'Ada')
    room.say('3', 'a', 'hello', 2000)
    assert.deepEqual(taken(), [['3', first]])
  })

  it('nobody can occupy the ids of somebody else', () => {
    join('1', 'ada', 'Ada')
    join('2', 'eve', 'Eve')
    room.say('2', 'a', 'mine', 0)
    taken()
    room.say('1', 'a', 'hello', 0)
    assert.equal(taken().length, 2)
  })

  it('the last 100 messages are shown on entry', () => {
    join('1', 'ada', 'Ada')
    for (let n = 1; n <= 120; n++) room.say('1', `m${n}`, `text ${n}`, n)
    const { messages } = welcomeOf(join('2', 'bo', 'Bo'))
    assert.equal(messages.length, LIMITS.history)
    assert.equal(messages[0]?.seq, 21)
    assert.equal(messages.at(-1)?.seq, 120)
  })

  it('who returns gets only what came later, and everything after a restart', () => {
    join('1', 'ada', 'Ada')
    for (let n = 1; n <= 5; n++) room.say('1', `m${n}`, 'text', n)
    const later = welcomeOf(join('2', 'bo', 'Bo', { epoch: 'epoch-1', seq: 3 }))
    assert.deepEqual(
      later.messages.map((message) => message.seq),
      [4, 5],
    )
    assert.equal(welcomeOf(join('3', 'cy', 'Cy', { epoch: 'epoch-0', seq: 3 })).messages.length, 5)
    assert.equal(welcomeOf(join('4', 'di', 'Di', { epoch: 'epoch-1', seq: 999 })).messages.length, 0)
  })

  it('memory is bounded however long the chat lasts', () => {
    join('1', 'ada', 'Ada')
    for (let n = 0; n < MAX_REMEMBERED * 3; n++) room.say('1', `m${n}`, 'text', n)
    taken()
    // The oldest remembered one is still recognised, the one before it is not.
    room.say('1', `m${MAX_REMEMBERED * 2}`, 'text', 0)
    assert.equal(welcomeOf(join('2', 'bo', 'Bo')).messages.at(-1)?.seq, MAX_REMEMBERED * 3)
    room.say('1', `m${MAX_REMEMBERED * 2 - 1}`, 'text', 0)
    assert.equal(welcomeOf(join('3', 'cy', 'Cy')).messages.at(-1)?.seq, MAX_REMEMBERED * 3 + 1)
  })
})
