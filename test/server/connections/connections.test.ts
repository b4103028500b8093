import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { connectionsOf } from '../../../src/server/connections/connections.js'

/** Sends a request on each of ten connections, and resets them before anybody accepts them. */
const SEND_AND_RESET = `
  const { connect } = require('node:net')
  for (let i = 0; i < 10; i++) {
    const socket = connect(Number(process.argv[1]), '127.0.0.1')
    socket.write('GET /reset HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n', () => socket.resetAndDestroy())
  }
`

test('a request is not answered if its client left before its address was known', async (t) => {
  const asked: (string | undefined)[] = []
  const server = createServer(({ url }, response) => {
    asked.push(url)
    response.end()
  })
  let [come, gone] = [0, 0]
  connectionsOf(server).follow({ come: () => come++, gone: () => gone++ })
  server.listen(0, '127.0.0.1')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  // The event loop waits for this program, so it accepts the connections after their end
  execFileSync(process.execPath, ['-e', SEND_AND_RESET, String(port)])
  await once(get({ port, host: '127.0.0.1', path: '/later', agent: false }), 'response')
  assert.deepEqual(asked, ['/later'])
  assert.equal(come, 1)
  assert.ok(gone <= 1)
})
