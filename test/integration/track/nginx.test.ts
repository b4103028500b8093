import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { certificateFiles, plantCertificate } from '../../support/certificates.js'
import { makeScratch } from '../../support/scratch.js'
import { announceQuery, compactPeers, decodeAnswer, startTrack } from '../../support/track.js'
import { configure, fill, serverBlocks, startNginx, unlessNginx } from '../behind-nginx.js'

const HASH = 'ab'.repeat(20)

/** Whom nginx names. */
const CLIENT = '198.51.100.7'

test('behind nginx, as the manual has it, no client claims an address', unlessNginx, async (t) => {
  const ask = await trackBehindNginx(t, ['--trust-proxy', '127.0.0.1'])
  const claim = { peer: 'a', port: 25, ip: '203.0.113.25' }
  // nginx asks for the client at its other end, whatever that says of itself
  await ask(announceQuery(HASH, claim), { 'X-Forwarded-For': '203.0.113.26' })
  assert.deepEqual(await ask(announceQuery(HASH, { peer: 'b', left: 1 })), [`${CLIENT}:25`])
})

test('nor does one if the tracker does not trust nginx', unlessNginx, async (t) => {
  const ask = await trackBehindNginx(t, [])
  await ask(announceQuery(HASH, { peer: 'a', port: 25, ip: '203.0.113.25' }))
  assert.deepEqual(await ask(announceQuery(HASH, { peer: 'b', left: 1 })), ['127.0.0.1:25'])
})

/** A tracker and nginx before it; the function asks nginx, and resolves with the peers. */
async function trackBehindNginx(t: TestContext, args: readonly string[]) {
  const { port } = await startTrack(t, { args })
  const scratch = makeScratch(t)
  const socket = join(scratch, 'nginx.sock')
  plantCertificate(scratch, 'tracker.example.org')
  const [cert, key] = certificateFiles(scratch)
  const certificates = '/etc/letsencrypt/live/tracker.example.org'
  const blocks = fill(serverBlocks('tracker'), {
    '127.0.0.1:6969': `127.0.0.1:${port}`,
    'listen 80': `listen unix:${socket}`,
    'listen 443 ssl': `listen unix:${socket}.tls ssl`,
    'listen [::]:80;': '',
    'listen [::]:443 ssl;': '',
    [`${certificates}/fullchain.pem`]: cert,
    [`${certificates}/privkey.pem`]: key,
    // There are no addresses on a Unix socket
    $remote_addr: CLIENT,
  })
  writeFileSync(join(scratch, 'nginx.conf'), configure(scratch, blocks))
  await startNginx(t, scratch, socket)
  return async (path: string, headers = {}) => {
    const asked = request({
      socketPath: socket,
      path,
      headers: { Host: 'tracker.example', ...headers },
    })
    const [response] = (await once(asked.end(), 'response')) as [IncomingMessage]
    return compactPeers(decodeAnswer(await buffer(response)))
  }
}
