import assert from 'node:assert/strict'
import { once } from 'node:events'
import { truncateSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { declareServeOptions } from '../../../src/cli/commands/serve/options.js'
import { FIXED_LIMITS } from '../../../src/mirror/options.js'
import { ask, formOf } from '../../mirror/ask.js'
import { setDigest, sha1 } from '../../mirror/app/reference-rules.js'
import { runProgram } from '../../support/programs.js'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { longTest } from '../../support/long.js'
import { makeScratch, plantLinks } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { until } from '../../support/until.js'
import {
  configure,
  fill,
  FILES,
  HOST,
  PUBLIC,
  serveBehindNginx,
  serverBlocks,
  startNginx,
  unlessNginx,
} from '../behind-nginx.js'

const PATHS = ['/yum/7/a.rpm', '/yum/7/b.rpm']

test('behind nginx, as the manual has it, files come from nginx alone', unlessNginx, async (t) => {
  const { ask, btkit } = await serveBehindNginx(t)

  const { status, body } = await ask('/yum/7/b.rpm')

  assert.equal(status, 200)
  assert.ok(body.equals(FILES['yum/7/b.rpm']))
  assert.equal((await fetch(`${btkit}/yum/7/b.rpm`)).status, 404)
})

longTest(
  'behind nginx, over TLS too, each file has its torrent and its magnet link',
  unlessNginx,
  async (t) => {
    const { ask, tlsSocket } = await serveBehindNginx(t, ['--public-url', PUBLIC])

    const { body } = await ask('/yum/7/b.rpm.torrent')
    const magnet = await ask('/yum/7/b.rpm.magnet')
    const listing = await ask('/yum/7/')
    const curl = ['--unix-socket', tlsSocket, '-fgsSk', `https://${HOST}/yum/7/b.rpm.magnet`]
    const overTls = await runProgram('curl', curl)

    assert.equal(decodeTorrent(body).info['name'], 'b.rpm')
    assert.match(magnet.body.toString(), /magnet:\?xt=urn:btih:/)
    assert.match(listing.body.toString(), /b\.rpm\.details/)
    assert.equal(overTls.stdout, magnet.body.toString())
  },
)

longTest(
  'behind nginx a torrent names the public address, and odd names stay',
  unlessNginx,
  async (t) => {
    const { ask } = await serveBehindNginx(t)
    for (const name of ['b.rpm', '50% of [all] & more?.rpm']) {
      const path = `/yum/torrent_service/single/yum/7/${encodeURIComponent(name)}`
      const { status, body, headers } = await ask(path)
      assert.equal(status, 200)
      const torrent = decodeTorrent(body)
      assert.equal(torrent.info['name'], name)
      assert.deepEqual(torrent['url-list'], [`${PUBLIC}/yum/7/`])
      const disposition = headers['content-disposition'] ?? ''
      assert.match(disposition, /^attachment; filename=[0-9a-f]{40}\.torrent$/)
    }
  },
)

longTest(
  'behind nginx a service without a public address hears the host',
  unlessNginx,
  async (t) => {
    const { ask } = await serveBehindNginx(t, ['--no-files'])

    const { body } = await ask('/yum/torrent_service/single/yum/7/b.rpm')

    assert.deepEqual(decodeTorrent(body)['url-list'], [`http://${HOST}/yum/7/`])
  },
)

longTest(
  'behind nginx a set is unknown, then posted, then known, with all its files',
  unlessNginx,
  async (t) => {
    const { ask } = await serveBehindNginx(t)
    const address = `/yum/torrent_service/digest/${setDigest(PATHS)}`

    const first = await ask(address)
    const posted = await ask(address, formOf(PATHS))
    const second = await ask(address)
    const large = await ask(address, `${formOf(PATHS)}&other=${'x'.repeat(1_900_000)}`)

    assert.deepEqual(
      [first.status, posted.status, second.status, large.status],
      [412, 200, 200, 200],
    )
    assert.equal(first.headers['cache-control'], 'no-cache, no-store, must-revalidate')
    assert.ok(posted.body.equals(second.body))
    const { info, 'url-list': urls } = decodeTorrent(posted.body)
    assert.deepEqual(urls, [`${PUBLIC}/`])

    const files = info['files'] as { length: number; path: string[] }[]
    const got = []
    for (const { path } of files) got.push(await ask(`/${[info['name'], ...path].join('/')}`))
    const nullFile = Buffer.alloc(2 * 2 ** 20 - 1_500_000)
    const content = [FILES['yum/7/a.rpm'], nullFile, FILES['yum/7/b.rpm']]
    assert.deepEqual(
      got.map(({ status, body }) => [status, sha1(body)]),
      content.map((bytes) => [200, sha1(bytes)]),
    )
  },
)

test('behind nginx a query gives the view of a file that exists', unlessNginx, async (t) => {
  const { ask } = await serveBehindNginx(t, ['--public-url', PUBLIC])
  const file = '/yum/7/b.rpm'

  const torrent = await ask(`${file}?torrent`)
  const second = await ask(`${file}?torrent&v2`)
  const hybrid = await ask(`${file}?torrent&hybrid`)
  const magnet = await ask(`${file}?magnet`)
  const hash = await ask(`${file}?btih`)
  const checksum = await ask(`${file}?sha256`)
  const metalink = await ask(`${file}?meta4`)
  const page = await ask(`/-/view${file}.details`)
  const plain = await ask(`${file}?torrents=1`)

  assert.equal(decodeTorrent(torrent.body).info['name'], 'b.rpm')
  assert.equal(decodeTorrent(second.body).info['meta version'], 2)
  assert.equal('pieces' in decodeTorrent(second.body).info, false)
  assert.equal('pieces' in decodeTorrent(hybrid.body).info, true)
  assert.match(magnet.body.toString(), /^magnet:\?xt=urn:btih:/)
  assert.match(hash.body.toString(), /^[0-9a-f]{40}\n$/)
  assert.match(checksum.body.toString(), /^[0-9a-f]{64} /)
  assert.match(metalink.body.toString(), /<metalink /)
  assert.match(page.body.toString(), /<html/)
  assert.ok(plain.body.equals(FILES['yum/7/b.rpm']))
})

test('behind nginx, files that btkit does not publish are not public', unlessNginx, async (t) => {
  const { ask, root } = await serveBehindNginx(t, ['--public-url', PUBLIC])
  writeFileSync(join(root, 'yum/.key'), 'secret')
  plantLinks(root, { 'yum/outside': '/etc/passwd', 'yum/inside': '7/b.rpm' })

  assert.equal((await ask('/yum/.key')).status, 404)
  assert.equal((await ask('/yum/outside')).status, 404)
  assert.ok((await ask('/yum/inside')).body.equals(FILES['yum/7/b.rpm']))
})

test(
  'nginx keeps the metrics of the service from strangers, but not the feed and the status',
  unlessNginx,
  async (t) => {
    const { ask, btkit } = await serveBehindNginx(t, ['--public-url', PUBLIC, '--warm', '/yum/**'])

    assert.equal((await ask('/-/metrics')).status, 403)
    assert.equal((await ask('/-/status')).status, 200)
    assert.equal((await fetch(`${btkit}/-/metrics`)).status, 200)
    // The torrents are made ahead meanwhile
    await until('the feed names a torrent', async () => {
      const { status, body } = await ask('/-/feed.xml')
      assert.equal(status, 200)
      return /<rss\s[^]*b\.rpm\?torrent/.test(body.toString())
    })
  },
)

test('behind nginx, strangers can follow each link of the pages', unlessNginx, async (t) => {
  const { ask } = await serveBehindNginx(t, ['--public-url', PUBLIC, '--warm', '/yum/**'])
  const found = new Set(['/'])
  for (const path of found) {
    const { status, headers, body } = await ask(path)
    assert.equal(status, 200, path)
    if (!String(headers['content-type']).startsWith('text/html')) continue
    for (const [, link = ''] of body.toString().matchAll(/ (?:href|src)="([^"#]+)/g)) {
      const to = new URL(link.replaceAll('&amp;', '&'), `http://${HOST}${path}`)
      if (to.host === HOST) found.add(to.pathname + to.search)
    }
  }
  for (const path of ['/-/status', '/-/status.json', '/-/feed.xml', '/yum/7/b.rpm']) {
    assert.ok(found.has(path), [...found].join(' '))
  }
})

test('the manual has nginx wait for longer, and take no less, than the service', () => {
  const { maxWait } = declareServeOptions().opts()
  const [, seconds] = /proxy_read_timeout (\d+)s;/.exec(serverBlocks('mirror')) ?? []
  const [, megabytes] = /client_max_body_size (\d+)m;/.exec(serverBlocks('mirror')) ?? []

  assert.ok(Number(seconds) * 1000 > maxWait)
  assert.ok(Number(megabytes) * 2 ** 20 >= FIXED_LIMITS.maxBody)
  for (const service of ['mirror', 'path', 'together'] as const) {
    assert.match(serverBlocks(service), /proxy_max_temp_file_size 0;/)
  }
})

test(
  'below a path of another site, as the guide has it, files and torrents work',
  unlessNginx,
  async (t) => {
    const site = 'https://mirror.example.org/torrents'
    const root = makeScratch(t, { ...FILES, 'large.iso': '' })
    truncateSync(join(root, 'large.iso'), 2 ** 27)
    const { address, port } = await serveMirror(t, { root, args: ['--public-url', site] })
    const scratch = makeScratch(t)
    const socket = join(scratch, 'nginx.sock')
    const location = fill(serverBlocks('path'), { '127.0.0.1:8080': `127.0.0.1:${port}` })
    const server = `server { listen unix:${socket}; ${location} }`
    writeFileSync(join(scratch, 'nginx.conf'), configure(scratch, server))
    await startNginx(t, scratch, socket)
    const below = (path: string) => ask(socket, `/torrents${path}`, { headers: { Host: HOST } })

    const torrent = await below('/yum/7/b.rpm.torrent')
    const file = await below('/yum/7/b.rpm')
    const odd = Object.keys(FILES).find((path) => path.includes('%')) ?? ''
    const oddFile = await below(`/${odd.split('/').map(encodeURIComponent).join('/')}`)

    assert.deepEqual(decodeTorrent(torrent.body)['url-list'], [`${site}/yum/7/b.rpm`])
    assert.ok(file.body.equals(FILES['yum/7/b.rpm']))
    assert.equal(oddFile.status, 200)
    assert.equal((await below('/-/status')).status, 200)
    assert.equal((await below('/-/metrics')).status, 403)

    // nginx does not read ahead of a slow client: btkit would close the connection meanwhile
    const place = { socketPath: socket, path: '/torrents/large.iso', headers: { Host: HOST } }
    const slow = request(place).end()
    await once(slow, 'response')
    await setTimeout(1000)
    slow.destroy()
    await until('btkit notices that the client left', async () => {
      const metrics = await (await fetch(`${address}/-/metrics`)).text()
      return metrics.includes('\nbtkit_requests_aborted_total 1\n')
    })
  },
)
