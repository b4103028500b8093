import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { longTest } from '../../support/long.js'
import { makeScratch } from '../../support/scratch.js'
import { announceQuery, compactPeers, startTrack } from '../../support/track.js'
import { until } from '../../support/until.js'

const HASH = 'ab'.repeat(20)

/** A connection on which some bytes were sent. */
async function say(t: TestContext, port: number, said: string) {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(said)
  return socket
}

longTest(
  'clients that never finish their requests delay nobody and are disconnected',
  async (t) => {
    const track = await startTrack(t)
    const begun = 'GET /announce?info_hash= HTTP/1.1\r\nHost: a\r\n'
    const slow = await Promise.all(Array.from({ length: 300 }, () => say(t, track.port, begun)))
    const closed = slow.map((socket) => once(socket.resume(), 'close'))
    await track.ask(announceQuery(HASH, { peer: 'a', port: 1001 }))
    const answer = await track.ask(announceQuery(HASH, { peer: 'b', port: 1002, left: 1 }))
    assert.deepEqual(compactPeers(answer), ['127.0.0.1:1001'])
    await Promise.all(closed)
  },
)

test('a line break in a request makes no second line in the log, and no header', async (t) => {
  const log = join(makeScratch(t), 'log')
  const track = await startTrack(t, { args: ['--logfile', log] })
  const agent = 'x\x9b\u0085 forged'
  const path = '/announce?info_hash=%0d%0aX-Forged:%201'
  const socket = await say(
    t,
    track.port,
    `GET ${path} HTTP/1.1\r\nHost: a\r\nUser-Agent: ${agent}\r\nConnection: close\r\n\r\n`,
  )
  const received: Buffer[] = []
  socket.on('data', (bytes: Buffer) => received.push(bytes))
  await once(socket, 'close')
  assert.match(Buffer.concat(received).toString('latin1'), /^HTTP\/1\.1 400 /)
  assert.doesNotMatch(Buffer.concat(received).toString('latin1'), /X-Forged/)
  await track.get('/-/health')
  await until('logged', () => readFileSync(log, 'utf8').includes('health'))
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n')
  assert.ok(lines.some((line) => line.includes('/announce?info_hash=%0d%0aX-Forged:')))
  assert.equal(lines.length, 2)
  for (const line of lines) {
    assert.match(line, /^\S+Z 127\.0\.0\.1 "GET \/\P{Cc}*$/u)
  }
})
