import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import type { CountedResponse } from '../../../src/server/connections/counted-response.js'
import { BEGUN, type Followed, Intake } from '../../../src/server/connections/intake.js'
import { until } from '../../support/until.js'

/** More than may wait before a connection is not read. */
const MUCH = `${'x'.repeat(20 * 1024)}\r\n\r\n`

/** A connection, and a function that begins an answer and returns another that ends it. */
function connection() {
  const socket = new Duplex({ read: () => undefined, autoDestroy: false }) as unknown as Followed
  const answer = () => {
    const begun: { socket: Followed | null; req: object } = { socket, req: { complete: true } }
    const response = Object.assign(new EventEmitter(), begun)
    socket[BEGUN] = response as unknown as CountedResponse
    return () => {
      // As Node does when an answer is sent
      response.socket = null
      response.emit('close')
    }
  }
  return { socket, answer }
}

test('what comes while a request is answered waits, is counted, and comes before the end', async () => {
  const { socket, answer } = connection()
  const taken: string[] = []
  socket.on('data', (bytes: Buffer) => taken.push(bytes.toString()))
  socket.on('end', () => taken.push('end'))
  let waiting = 0
  new Intake(socket, null, (bytes) => (waiting = bytes))
  socket.push('abc\r\n\r\ndef\r\n\r\n')
  await until('both requests are taken', () => taken.length === 2)
  assert.deepEqual(taken.splice(0), ['abc\r\n\r\n', 'def\r\n\r\n'])
  let end = answer()
  socket.push(MUCH)
  await until('it waits', () => waiting === MUCH.length)
  assert.equal(socket.isPaused(), true)
  // As when a part of a body was read
  socket.resume()
  await once(socket, 'resume')
  assert.equal(socket.isPaused(), true)
  end()
  await until('it is taken', () => waiting === 0)
  assert.deepEqual([taken.splice(0).join(''), socket.isPaused()], [MUCH, false])
  end = answer()
  socket.push('ghi')
  await until('it waits', () => waiting === 3)
  assert.equal(socket.isPaused(), false)
  socket.push(null)
  await until('the end has come', () => socket.readableEnded)
  assert.deepEqual(taken, [])
  end()
  await until('the rest is taken', () => taken.length === 2)
  assert.deepEqual(taken, ['ghi', 'end'])
})

test('a connection that is left is read again, and nothing of it is counted', async () => {
  const { socket, answer } = connection()
  let waiting = 0
  const intake = new Intake(socket, null, (bytes) => (waiting = bytes))
  answer()
  socket.push(MUCH)
  await until('it waits', () => socket.isPaused())
  assert.equal(intake.release().toString(), MUCH)
  assert.deepEqual([waiting, socket.isPaused()], [0, false])
})

test('of a connection that has closed, nothing waits', async () => {
  const { socket, answer } = connection()
  const intake = new Intake(socket, null, () => undefined)
  const end = answer()
  socket.push('abc')
  await until('it waits', () => intake.unread.length === 3)
  socket.destroy()
  await once(socket, 'close')
  end()
  assert.equal(intake.unread.length, 0)
})

test('a connection for which nothing waits is given back, each time', async () => {
  const { socket, answer } = connection()
  const taken: string[] = []
  socket.on('data', (bytes: Buffer) => taken.push(bytes.toString()))
  for (const name of ['first', 'second']) {
    const intake = new Intake(socket, null, () => undefined)
    const end = answer()
    socket.push(name)
    await until('it waits', () => intake.unread.length > 0)
    assert.equal(intake.giveBack(), false)
    end()
    await until('it is taken', () => taken.length === 1)
    assert.equal(intake.giveBack(), true)
    const endNext = answer()
    socket.push('behind an answer')
    await until('it does not wait', () => taken.length === 2)
    endNext()
    assert.deepEqual(taken.splice(0), [name, 'behind an answer'])
  }
})
