import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { makeMachine, plantShared, SIZE } from '../support/fleet.js'

const REPLIES = {
  'null arrays': '*-1\r\n'.repeat(20),
  'null strings': '$-1\r\n'.repeat(20),
  errors: '-ERR x\r\n'.repeat(20),
  'successes that nobody asked for': '+OK\r\n'.repeat(1000),
  'a push message without a type': '>1\r\n*-1\r\n',
  'a subscription that nobody asked for': '>3\r\n$9\r\nsubscribe\r\n*-1\r\n:1\r\n',
}

for (const [title, replies] of Object.entries(REPLIES)) {
  test(`a server that sends ${title} is one warning, and no Redis`, async (t) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).on('data', () => socket.write(replies))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const one = makeMachine(t, 'one', { url: `redis://127.0.0.1:${port}` })
    plantShared(one, 'a.iso')
    const made = await one.make('a.iso')
    assert.equal(made.bytesHashed, SIZE)
    assert.match(made.stderr, /^btkit: warning: redis:[^\n]+: not used for now: [^\n]+\n$/)
  })
}
