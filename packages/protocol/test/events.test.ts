import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildFrame, buildFrames, closePayload } from '@tautline/testkit'
import { connectionOf, told } from './harness.ts'

describe('events as values', () => {
  it('come in order, from receive and from events, each once', () => {
    const connection = connectionOf('client')
    const events = connection.receive(
      buildFrames(
        { opcode: 1, payload: 'text' },
        { opcode: 2, payload: 'bytes' },
        { opcode: 9, payload: 'ping' },
        { opcode: 10, payload: 'pong' },
        { opcode: 8, payload: closePayload(1000, 'bye') },
      ),
    )
    assert.deepEqual(events.map(told), [
      'text "text"',
      `binary ${Buffer.from('bytes').toString('hex')}`,
      `ping ${Buffer.from('ping').toString('hex')}`,
      `pong ${Buffer.from('pong').toString('hex')}`,
      'close 1000 "bye"',
    ])
    assert.deepEqual(connection.events(), [])
  })

  it('hold copies: the chunk may change afterwards', () => {
    const connection = connectionOf('client', { limits: { parts: true } })
    const chunk = buildFrame({ opcode: 2, payload: 'stays' })
    const [event] = connection.receive(chunk)
    chunk.fill(0)
    assert.ok(event?.type === 'part' && Buffer.from(event.bytes).toString() === 'stays' && event.binary && event.last)
  })

  it('tell a violation by its row', () => {
    const [event] = connectionOf('client').receive(Buffer.from([0x83, 0]))
    assert.ok(event?.type === 'violation' && event.violation.id === 'opcode')
  })
})
