import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { ask } from '../../mirror/ask.js'
import { plantUsers } from '../../support/admin.js'
import { decodeTorrent, independentInfoHash } from '../../support/decode-torrent.js'
import { assertError, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { announceQuery, compactPeers, decodeAnswer } from '../../support/track.js'
import { ask as askTls } from '../../support/visitor.js'
import { fill, FILES, openNginx, serverBlocks, unlessNginx } from '../behind-nginx.js'

const NAME = 'mirror.example.org'
const ORIGIN = `https://${NAME}`
const CLIENT = '198.51.100.7'

test(
  'a mirror with tracker and administration behind nginx, as the guide has it',
  unlessNginx,
  async (t) => {
    // The ports of the guide, at an address that no other program uses
    const host = `127.${1 + (process.pid % 200)}.${1 + ((process.uptime() % 200) | 0)}.9`
    const scratch = makeScratch(t)
    const root = makeScratch(t, FILES)
    const places = { '127.0.0.1': host, '/srv/mirror': root, '/srv/users': plantUsers(scratch) }
    const line = fill(serverBlocks('together', 'sh'), places).replaceAll('\\\n', '')
    const [program, command, , ...args] = line.trim().split(/\s+/)
    assert.deepEqual([program, command], ['btkit', 'serve'])
    args[args.indexOf('--trust-proxy') + 1] = '127.0.0.1'
    const state = ['--port', '8080', '--state-dir', join(scratch, 'state')]
    const mirror = await serveMirror(t, { root, args: [...args, ...state] })
    const socket = await openNginx(t, 'together', NAME, {
      '127.0.0.1': host,
      '/srv/mirror': root,
      // There are no addresses on a Unix socket
      $proxy_add_x_forwarded_for: CLIENT,
    })
    const get = (path: string) => ask(socket, path, { headers: { Host: NAME } })
    const file = await get('/yum/7/b.rpm')
    assert.ok(file.body.equals(FILES['yum/7/b.rpm']))
    const { body } = await get('/yum/7/b.rpm.torrent')
    const torrent = decodeTorrent(body)
    const announce = `${ORIGIN}/tracker/announce`
    assert.equal(torrent['announce'], announce)
    assert.deepEqual(torrent['announce-list'], [[announce]])
    assert.deepEqual(torrent['url-list'], [`${ORIGIN}/yum/7/b.rpm`])
    const infoHash = independentInfoHash(body)
    await get(`/tracker${announceQuery(infoHash, { peer: 'a', port: 25 })}`)
    const peers = await get(`/tracker${announceQuery(infoHash, { peer: 'b', left: 1 })}`)
    assert.deepEqual(compactPeers(decodeAnswer(peers.body)), [`${CLIENT}:25`])
    for (const path of ['/tracker/-/metrics', '/-/metrics'])
      assert.equal((await get(path)).status, 403, path)
    const logIn = await askTls(`${ORIGIN}/admin/login`, { socketPath: `${socket}.tls` })
    assert.match(logIn.text, /type="password"/)
    assert.equal((await get('/admin/login')).headers['location'], `${ORIGIN}/admin/login`)
    // Pages of each name the other, and none names a port
    for (const [path, other] of [
      ['/yum/7/', '/tracker/'],
      ['/tracker/catalogue/', '/'],
      [`/tracker/torrent?info_hash=${infoHash}`, '/'],
    ] as const) {
      const page = (await get(path)).body.toString()
      assert.ok(page.includes(`href="${ORIGIN}${other}`), `${path}: ${page}`)
      assert.doesNotMatch(page, /:(?:6969|8080|6970)/, path)
    }
    assert.doesNotMatch((await get('/yum/7/b.rpm.magnet')).body.toString(), /6969|8080/)
    assert.equal(mirror.stderr.text.includes('warning'), false, mirror.stderr.text)
  },
)

test('only a proxy may have an https URL without a certificate, or one with a path', async (t) => {
  for (const track of ['https://t.example/announce', 'http://t.example/tracker/announce']) {
    const args = ['serve', makeScratch(t), '--port', '0', '--track', track]
    assertError(await runBtkit(args), 'usage', track, '--trust-proxy')
  }
})
