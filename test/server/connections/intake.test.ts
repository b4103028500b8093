import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { Intake } from '../../../src/server/connections/intake.js'
import { until } from '../../support/until.js'

/** More than may wait before a connection is not read. */
const MUCH = 'x'.repeat(20 * 1024)

test('what comes while a request is answered waits, is counted, and comes before the end', async () => {
  const socket = new Duplex({ read: () => undefined })
  const taken: string[] = []
  socket.on('data', (bytes: Buffer) => taken.push(bytes.toString()))
  socket.on('end', () => taken.push('end'))
  let [portion, waiting] = [3, 0]
  const intake = new Intake(socket as unknown as Socket, null, {
    portionOf: ({ length }) => Math.min(portion, length),
    count: (bytes) => (waiting = bytes),
  })
  socket.push('abcdef')
  await until('both requests are taken', () => taken.length === 2)
  assert.deepEqual(taken.splice(0), ['abc', 'def'])
  portion = 0
  socket.push(MUCH)
  await until('it waits', () => waiting === MUCH.length)
  assert.equal(socket.isPaused(), true)
  // As when a part of a body was read
  socket.resume()
  await once(socket, 'resume')
  assert.equal(socket.isPaused(), true)
  portion = MUCH.length
  intake.goOn()
  assert.deepEqual([taken.splice(0), waiting, socket.isPaused()], [[MUCH], 0, false])
  portion = 0
  socket.push('ghi')
  await until('it waits', () => waiting === 3)
  assert.equal(socket.isPaused(), false)
  socket.push(null)
  await until('the end has come', () => socket.readableEnded)
  assert.deepEqual(taken, [])
  portion = 3
  intake.goOn()
  assert.deepEqual(taken, ['ghi', 'end'])
})

test('of a connection that has closed, nothing waits', async () => {
  const socket = new Duplex({ read: () => undefined, autoDestroy: false })
  let isBusy = true
  const intake = new Intake(socket as unknown as Socket, null, {
    portionOf: ({ length }) => (isBusy ? 0 : length),
    count: () => undefined,
  })
  socket.push('abc')
  await until('it waits', () => intake.unread.length === 3)
  socket.destroy()
  await once(socket, 'close')
  isBusy = false
  assert.equal(intake.unread.length, 0)
})
