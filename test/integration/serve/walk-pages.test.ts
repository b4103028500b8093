import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startAdmin } from '../../support/admin.js'
import { openTestGui } from '../../support/gui.js'
import { ask } from '../../mirror/ask.js'
import { readMetric } from '../../mirror/read-metric.js'
import { findFreePort } from '../../support/opentracker.js'
import { makeScratch, plantLinks } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { goldenTorrent } from '../../support/torrents.js'
import { until } from '../../support/until.js'
import { fieldsOf } from '../../support/visitor.js'
import { walkPages } from '../../support/walk-pages.js'

const FILES = {
  'pub/a.iso': 'content',
  'pub/b.iso': 'other',
  'pub/deep/README.md': '# Title\n\n[up](../)',
  'pub/SHA256SUMS': `${'ab'.repeat(32)}  a.iso\n`,
  "odd/it's <b> #1?%.txt": 'odd',
  'odd/a.torrent': 'no torrent',
  'odd/empty': '',
}

test('each link of each page leads somewhere, and HEAD and gzip say the same as GET', async (t) => {
  const root = makeScratch(t, FILES)
  const raw = Buffer.concat([Buffer.from(`${root}/odd/`), Buffer.of(0xfe)])
  writeFileSync(raw, 'raw')
  mkdirSync(join(root, 'pub/links'))
  plantLinks(root, { 'pub/links/in': '../a.iso', 'pub/links/out': '/etc/hostname' })
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
  const found = await walkPages([`${mirror.address}/`, `http://127.0.0.1:${port}/`])
  for (const path of ['/odd/%fe', '/-/view/odd/%fe.details', '/-/view/odd/%fe.sha256'])
    assert.ok(found.has(mirror.address + path), path)
  assert.ok(found.size > 60, [...found].join('\n'))
  const above = (await ask(mirror.port, '/pub/')).body.toString()
  assert.match(above, /links\/<\/a><\/th><td class="n">(?:1 entry|<data value="7">)/)
})

test('so do those of the administration and of the window', async (t) => {
  const torrent = goldenTorrent('hybrid-directory.torrent')
  const files = {
    'torrents/a/h.torrent': torrent,
    'torrents/b.torrent': 'no torrent',
    'data/x': 'x',
  }
  const admin = await startAdmin(t, { files })
  const alice = await admin.logIn()
  const managed = await walkPages([`${admin.pages}/`], { Cookie: alice.cookie })
  const gui = await openTestGui(t, { 'tree/a': 'a', 'h.torrent': torrent })
  await gui.send('make', { act: 'make', path: 'tree' })
  const form = fieldsOf(await gui.get('edit?torrents=tree.torrent'))
  await gui.send('edit', { ...Object.fromEntries(form), comment: 'new', act: 'save' })
  const windows = await walkPages([gui.pages, `${gui.pages}look?torrent=${gui.root}/h.torrent`])
  assert.deepEqual(
    [managed.size > 15, windows.size > 16],
    [true, true],
    [...managed, ...windows].join('\n'),
  )
})
