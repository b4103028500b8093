import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { request as requestTls } from 'node:https'
import { once } from 'node:events'
import { join } from 'node:path'
import { buffer, text as readText } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { plantUsers } from '../../support/admin.js'
import { torrentNamed } from '../../support/collection.js'
import { projectRoot } from '../../support/programs.js'
import { makeScratch } from '../../support/scratch.js'
import { announceQuery, compactPeers, decodeAnswer, startTrack } from '../../support/track.js'
import { fill, openNginx, unlessNginx } from '../behind-nginx.js'

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

test('below a path, as the manual has it, pages and announces work', unlessNginx, async (t) => {
  const url = 'https://tracker.example.org/tracker'
  const text = readFileSync(join(projectRoot, 'docs/nginx.md'), 'utf8')
  assert.ok(text.includes(`BTKIT_TRACK_PUBLIC_URL=${url}`))
  const [, below = ''] = /^```nginx\n( +location \/tracker\/ [^]*?)^```$/m.exec(text) ?? []
  const directory = makeScratch(t, { 'linux/a.torrent': torrentNamed('a') })
  const get = await openTracker(t, {
    args: ['--allowed-dir', directory, '--public-url', url, '--trust-proxy', '127.0.0.1'],
    change: (blocks) => blocks.replace(/^ +location \/ [^]*(?=^}\n$)/m, below),
  })
  const infoHash = parseMetainfo(torrentNamed('a')).infoHash ?? ''
  const announced = await get(`/tracker${announceQuery(infoHash)}`)
  assert.deepEqual(decodeAnswer(await buffer(announced)).get('complete'), 1)
  const page = await get(`/tracker/torrent?info_hash=${infoHash}`)
  assert.match(await readText(page), new RegExp(`tr=${encodeURIComponent(`${url}/announce`)}`))
  // Each address of the pages leads on below the path
  const found = new Set(['/tracker/'])
  for (const path of found) {
    const answer = await get(path)
    const { location } = answer.headers
    assert.equal(answer.statusCode, location === undefined ? 200 : 302, path)
    const body = await readText(answer)
    const links = [...body.matchAll(/ (?:href|src|action)="([^"#]+)/g)].map(([, link]) => link!)
    for (const link of location === undefined ? links : [location]) {
      const to = new URL(link.replaceAll('&amp;', '&'), `https://tracker.example.org${path}`)
      if (to.host !== 'tracker.example.org') continue
      assert.ok(to.pathname.startsWith('/tracker/'), `${path} leads to ${to.pathname}`)
      if (!to.pathname.endsWith('/announce')) found.add(to.pathname + to.search)
    }
  }
  assert.ok(
    [...found].some((path) => path.includes('/catalogue/linux/')),
    [...found].join(' '),
  )
  assert.equal((await get('/tracker/-/metrics')).statusCode, 403)
  assert.equal((await get('/announce')).statusCode, 404)
})

test(
  'the log-in beside it, as the manual has it, is shown over TLS only',
  unlessNginx,
  async (t) => {
    const guide = readFileSync(join(projectRoot, 'docs/admin.md'), 'utf8')
    const [, location = ''] = /^```nginx\n(location \/admin\/ [^]*?)^```$/m.exec(guide) ?? []
    const root = makeScratch(t)
    const socket = join(root, 'admin.sock')
    const place = ['--admin-users', plantUsers(root), '--admin-listen', socket]
    const own = ['--trust-proxy', 'unix', '--admin-url', 'https://tracker.example.org/admin']
    const get = await openTracker(t, {
      args: ['--open', '--state-dir', join(root, 'state'), ...place, ...own],
      change: (blocks) => {
        const filled = fill(location, { '127.0.0.1:6970': `unix:${socket}` })
        return blocks.replace(/^ +location \/ /m, (next) => filled + next)
      },
    })
    const plain = await get('/admin/login?to=log')
    const { statusCode, headers } = plain
    assert.deepEqual(
      [statusCode, headers.location, headers['set-cookie']],
      [308, 'https://tracker.example/admin/login?to=log', undefined],
    )
    assert.doesNotMatch(await readText(plain), /password/)
    const shown = await get('/admin/login', {}, true)
    assert.match(await readText(shown), /type="password"/)
    assert.equal(shown.headers['strict-transport-security'], 'max-age=31536000')
  },
)

/** A tracker and nginx before it; the function asks nginx, and resolves with the peers. */
async function trackBehindNginx(t: TestContext, args: readonly string[]) {
  const get = await openTracker(t, { args })
  return async (path: string, headers = {}) => {
    return compactPeers(decodeAnswer(await buffer(await get(path, headers))))
  }
}

/** A tracker and nginx before it. `change` edits the manual's configuration. */
async function openTracker(
  t: TestContext,
  { args, change = String }: { args: readonly string[]; change?: (blocks: string) => string },
) {
  const { port } = await startTrack(t, { args })
  const changes = {
    '127.0.0.1:6969': `127.0.0.1:${port}`,
    // There are no addresses on a Unix socket
    $remote_addr: CLIENT,
  }
  const socket = await openNginx(t, 'tracker', 'tracker.example.org', changes, change)
  const get = async (path: string, headers = {}, overTls = false) => {
    const asked = (overTls ? requestTls : request)({
      socketPath: overTls ? `${socket}.tls` : socket,
      path,
      headers: { Host: 'tracker.example', ...headers },
      rejectUnauthorized: false,
    })
    const [response] = (await once(asked.end(), 'response')) as [IncomingMessage]
    return response
  }
  return Object.assign(get, { socket })
}
