import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { ask } from '../../mirror/ask.js'
import { readMetric } from '../../mirror/read-metric.js'
import { findFreePort } from '../../support/opentracker.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { until } from '../../support/until.js'

const FILES = {
  'pub/a.iso': 'content',
  'pub/b.iso': 'other',
  'pub/deep/README.md': '# Title\n\n[up](../)',
  'pub/SHA256SUMS': `${'ab'.repeat(32)}  a.iso\n`,
  "odd/it's <b> #1?%.txt": 'odd',
  'odd/a.torrent': 'no torrent',
  'odd/empty': '',
}

/** Links of a page, as a browser follows them from its address. */
function linksIn(page: string, address: string): string[] {
  const links = [...page.matchAll(/\s(?:href|src)="([^"]+)"/g)].map(([, link = '']) => link)
  return links
    .map((link) => link.replaceAll('&#39;', "'").replaceAll('&amp;', '&'))
    .filter((link) => !link.startsWith('magnet:'))
    .map((link) => new URL(link, address).href.replace(/#.*/, ''))
}

/** What stays the same from one answer to the next. */
function lasting(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return { ...headers, date: '' }
}

/** Pages whose numbers change with each request. */
const LIVE = /live|status|metrics/

/** A page has one heading, and each field and box a name. */
function checkPage(page: string, address: string): void {
  assert.equal(page.match(/<h1[ >]/g)?.length, 1, address)
  for (const [field] of page.matchAll(/<(?:input|select|textarea)\b[^>]*>/g)) {
    if (/type="hidden"/.test(field)) continue
    const id = /\sid="([^"]*)"/.exec(field)?.[1]
    const isNamed = /aria-label="[^"]/.test(field) || page.includes(`for="${id}"`)
    assert.ok(isNamed, `${address}: ${field}`)
  }
}

test('each link of each page leads somewhere, and HEAD and gzip say the same as GET', async (t) => {
  const root = makeScratch(t, FILES)
  const raw = Buffer.concat([Buffer.from(`${root}/odd/`), Buffer.of(0xfe)])
  writeFileSync(raw, 'raw')
  mkdirSync(join(root, 'pub/links'))
  symlinkSync('../a.iso', join(root, 'pub/links/in'))
  symlinkSync('/etc/hostname', join(root, 'pub/links/out'))
  const port = await findFreePort()
  const track = ['--track', `http://127.0.0.1:${port}/announce`, '--seed', '--seed-port', '0']
  const env = { BTKIT_STATE_DIR: makeScratch(t) }
  const args = ['--host', '127.0.0.1', ...track, '--warm', '**']
  const mirror = await serveMirror(t, { root, args, io: { env } })
  const files = (state: string) => readMetric(mirror.port, `btkit_warm_files{state="${state}"}`)
  await until(
    'all are ready',
    async () => (await files('ready')) > 4 && (await files('waiting')) === 0,
  )
  const [own, tracker] = [new URL(mirror.address).host, `127.0.0.1:${port}`]
  const found = new Set([`${mirror.address}/`, `http://${tracker}/`])
  for (const address of found) {
    const { host, pathname, search, port: place } = new URL(address)
    if (host !== own && host !== tracker) continue
    const of = (method: string, more = {}) => {
      const headers = { Host: host, Accept: 'text/html', ...more }
      return ask(Number(place), pathname + search, { method, headers })
    }
    const got = await of('GET')
    assert.ok(got.status < 400, `${address}: ${got.status} ${got.body.toString()}`)
    // Counts of swarms may change from one answer to the next
    await until(`${address} is the same by HEAD and gzip`, async () => {
      const [page, head] = [await of('GET'), await of('HEAD')]
      const packed = await of('GET', { 'Accept-Encoding': 'gzip' })
      const isPacked = packed.headers['content-encoding'] === 'gzip'
      const plain = isPacked ? gunzipSync(packed.body) : packed.body
      const isSame = isDeepStrictEqual(lasting(head.headers), lasting(page.headers))
      return isSame && (LIVE.test(address) || plain.equals(page.body))
    })
    if (!/^text\/html/.test(got.headers['content-type'] ?? '')) continue
    const page = got.body.toString()
    checkPage(page, address)
    for (const link of linksIn(page, address)) found.add(link)
  }
  for (const path of ['/odd/%fe', '/odd/%fe?details', '/odd/%fe.sha256'])
    assert.ok(found.has(mirror.address + path), path)
  assert.ok(found.size > 60, [...found].join('\n'))
  const above = (await ask(mirror.port, '/pub/')).body.toString()
  assert.match(above, /links\/<\/a><\/th><td class="n">(?:1 entry|<data value="7">)/)
})
