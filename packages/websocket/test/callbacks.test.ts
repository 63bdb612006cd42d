import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Socket } from '../src/mod.ts'
import { adopted, turn } from './wire.ts'

describe('callbacks that throw', () => {
  /** Runs while errors that nobody catches are collected. */
  async function collecting(run: () => Promise<void>): Promise<string[]> {
    const thrown: string[] = []
    const mine = (error: Error): void => {
      thrown.push(error.message)
    }
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', mine)
    try {
      await run()
    } finally {
      await turn()
      process.off('uncaughtException', mine)
      for (const other of others) process.on('uncaughtException', other)
    }
    return thrown
  }

  const boom = (): never => {
    throw new Error('boom')
  }

  for (const name of ['onmessage', 'onping', 'onpong'] as const) {
    it(`end the connection: ${name}`, async () => {
      const { feed, heard, socket, wire } = adopted()
      ;(socket as Socket)[name] = boom
      const opcode = name === 'onmessage' ? 1 : name === 'onping' ? 9 : 10
      const thrown = await collecting(async () => {
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
    const silent = adopted({ heartbeat: { interval: 50, timeout: 50 } })
    silent.socket.onerror = boom
    const thrown = await collecting(async () => {
      await new Promise((resolve) => setTimeout(resolve, 500))
    })
    assert.deepEqual(thrown, ['boom'])
    assert.equal(silent.socket.state, 'closed')
  })

  it('hold nobody else up: whenWritten', async () => {
    const { heard, socket } = adopted()
    const thrown = await collecting(async () => {
      socket.whenWritten(boom)
      socket.whenWritten(() => heard.push('the other'))
      await turn()
      await turn()
    })
    assert.deepEqual(thrown, ['boom'])
    assert.deepEqual(heard, ['the other'])
  })
})
