// In a process of its own: it shortens the patience of all links
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { parseRedisUrl } from '../../src/redis/address.js'
import { patience, RedisLink } from '../../src/redis/link.js'
import { makeMachine, plantShared, SIZE } from '../support/fleet.js'

// No server here ever gives a right answer
patience.ms = 500

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
    const place = await startHostile(t, replies)
    const one = makeMachine(t, 'one', { url: `redis://${place}` })
    plantShared(one, 'a.iso')
    const made = await one.make('a.iso')
    assert.equal(made.bytesHashed, SIZE)
    assert.match(made.stderr, /^btkit: warning: redis:[^\n]+: not used for now: [^\n]+\n$/)
  })
}

const LARGE = {
  'a string of 512 MB': '$536870912\r\n',
  'an array of 30 million items': '*30000000\r\n',
  'arrays in arrays': '*300000\r\n'.repeat(500),
}

for (const [title, replies] of Object.entries(LARGE)) {
  test(`a server that announces ${title} is one warning, and no Redis`, async (t) => {
    const { link, warnings } = makeLink(t, `redis://${await startHostile(t, replies)}`)
    assert.equal(await link.ask((client) => client.get('a')), null)
    assert.match(warnings.join(), /^\S+: not used for now: .+ a reply of more than 64 MiB$/)
  })
}

const TOPOLOGIES = {
  'no slots': '*-1\r\n',
  'slots without a range': '*1\r\n*-1\r\n',
  'slots without an end': '*1\r\n*3\r\n:0\r\n:999999999999\r\n*2\r\n$1\r\na\r\n:1\r\n',
  'slots of no node': '*1\r\n*3\r\n:0\r\n:16383\r\n*-1\r\n',
  'slots of a node without a name': '*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n*1\r\n:1\r\n$1\r\nx\r\n',
  'a port that is none': '*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:99999\r\n',
  'a host with a port that is none': '*2\r\n$9\r\n127.0.0.1\r\n$5\r\n99999\r\n',
  'a number': ':1\r\n',
}

for (const [title, reply] of Object.entries(TOPOLOGIES)) {
  for (const url of ['redis+cluster://PLACE', 'redis+sentinel://PLACE/primary']) {
    test(`${title} from ${url.slice(6, 14)} is no Redis`, async (t) => {
      const { link, warnings } = makeLink(t, url.replace('PLACE', await startHostile(t, reply)))
      await link.ask((client) => client.get('a'))
      assert.equal(await link.ask((client) => client.get('a')), null)
      assert.equal(warnings.length, 1)
    })
  }
}

function makeLink(t: TestContext, url: string) {
  const warnings: string[] = []
  const warn = (message: string) => void warnings.push(message)
  const link = new RedisLink(parseRedisUrl(url), { warn })
  t.after(() => {
    link.close()
  })
  return { link, warnings }
}

/** Starts a server that answers every packet so, and returns its host and port. */
async function startHostile(t: TestContext, replies: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).on('data', () => socket.write(replies))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
