import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Socket } from '../src/mod.ts'
import { adopted, adoptedOnClock, turn, uncaught } from './wire.ts'

describe('callbacks that throw', () => {
  const boom = (): never => {
    throw new Error('boom')
  }

  for (const name of ['onmessage', 'onping', 'onpong'] as const) {
    it(`end the connection: ${name}`, async () => {
      const { feed, heard, socket, wire } = adopted()
      ;(socket as Socket)[name] = boom
      const opcode = name === 'onmessage' ? 1 : name === 'onping' ? 9 : 10
      const thrown = await uncaught(async () => {
        feed({ opcode, payload: 'x' }, { opcode: 1, payload: 'never delivered out of step' })
        await turn()
        await turn()
      })
      assert.deepEqual(thrown, ['boom'])
      assert.equal(wire.destroyed, true)
      assert.deepEqual(heard, ['close 1006 '])
      assert.equal(socket.state, 'closed')
    })
  }

  it('do not keep a connection alive: onerror, with a slow consumer and without a heartbeat', async () => {
    const { socket, wire } = adopted({ maxBuffered: 10 })
    socket.onerror = boom
    socket.send('x'.repeat(20))
    assert.throws(() => socket.send('x'), /boom/)
    await turn()
    assert.equal(wire.destroyed, true)
    assert.equal(socket.state, 'closed')
    const silent = adoptedOnClock({ heartbeat: { interval: 1000, timeout: 1000 } })
    silent.socket.onerror = boom
    const thrown = await uncaught(async () => {
      for (let i = 0; i < 5 && !silent.wire.destroyed; i++) {
        try {
          silent.clock.advance(1000)
        } catch (error) {
          // A timer of Node's would leave it uncaught as well.
          process.nextTick(() => {
            throw error
          })
        }
        await turn()
      }
    })
    assert.deepEqual(thrown, ['boom'])
    assert.equal(silent.socket.state, 'closed')
  })

  it('hold nobody else up: whenWritten', async () => {
    const { heard, socket } = adopted()
    const thrown = await uncaught(async () => {
      socket.whenWritten(boom)
      socket.whenWritten(() => heard.push('the other'))
      await turn()
      await turn()
    })
    assert.deepEqual(thrown, ['boom'])
    assert.deepEqual(heard, ['the other'])
  })
})

it('callbacks are called with their socket as this: one function can serve all connections', async () => {
  const { feed, socket } = adopted()
  const seen: [string, unknown][] = []
  for (const name of ['onmessage', 'onping', 'onpong', 'onerror', 'onclose'] as const) {
    socket[name] = function (this: unknown): void {
      seen.push([name, this])
    }
  }
  feed({ opcode: 9 }, { opcode: 10 }, { opcode: 1, payload: 'é' }, { opcode: 1 }, { opcode: 2 }, { opcode: 3 })
  await turn()
  socket.terminate()
  await turn()
  const names = ['onping', 'onpong', 'onmessage', 'onmessage', 'onmessage', 'onerror', 'onclose']
  assert.deepEqual(
    seen.map(([name]) => name),
    names,
  )
  assert.ok(seen.every(([, self]) => self === socket))
})
