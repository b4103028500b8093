import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertError, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { singleFileInfo, torrentOf, type PlainDict } from '../../../support/torrents.js'

const A = 'http://a.example/announce'
const B = 'http://b.example/announce'
const torrent = (beside: PlainDict) => torrentOf(singleFileInfo(), beside)

const LEGACY = { program: 'btcopyannounce', subcommand: 'copyannounce' }

test("BitTornado's name prints the new trackers, then the old ones of each torrent", async (t) => {
  const source = { announce: A, 'announce-list': [[A], [B]] }
  const root = makeScratch(t, {
    source: torrent(source),
    x: torrent({ announce: B }),
    y: torrent({}),
  })
  const [from, x, y] = ['source', 'x', 'y'].map((name) => join(root, name))
  const { status, stdout, stderr } = await runBtkit([from!, x!, y!], LEGACY)
  assert.equal(
    stdout,
    `new announce: ${A}\nnew announce-list: ${A}|${B}\nold announce for ${x}: ${B}\n`,
  )
  assert.deepEqual([status, stderr], [0, ''])
  for (const file of [x, y]) assert.deepEqual(readFileSync(file!), Buffer.from(torrent(source)))
})

test('values that the source lacks are removed', async (t) => {
  const both = { announce: B, 'announce-list': [[B]] }
  const root = makeScratch(t, { source: torrent({ announce: A }), x: torrent(both) })
  const x = join(root, 'x')
  const { stdout, stderr } = await runBtkit(['copyannounce', join(root, 'source'), x])
  const announce = `old announce for ${x}: ${B}\nnew announce for ${x}: ${A}\n`
  assert.equal(stdout, `changed ${x}\n${announce}old announce-list for ${x}: ${B}\n`)
  assert.equal(stderr, 'btkit: 1 of 1 torrent changed\n')
  assert.deepEqual(readFileSync(x), Buffer.from(torrent({ announce: A })))
})

test('trackers are copied byte for byte', async (t) => {
  const odd = { announce: Buffer.from('http://\xff/', 'latin1') }
  const root = makeScratch(t, { source: torrent(odd), x: torrent({ announce: B }) })
  await runBtkit(['copyannounce', join(root, 'source'), join(root, 'x')])
  assert.deepEqual(readFileSync(join(root, 'x')), Buffer.from(torrent(odd)))
})

test('a source without trackers, or none at all, is an error before a file is touched', async (t) => {
  const root = makeScratch(t, { source: torrent({}), x: torrent({ announce: B }) })
  const [source, x, gone] = ['source', 'x', 'gone'].map((name) => join(root, name))
  const none = await runBtkit(['copyannounce', source!, x!])
  assertError(none, 'metainfo', `${source}: has no trackers to copy; name another torrent`)
  const missing = await runBtkit(['copyannounce', gone!, x!])
  assert.deepEqual([missing.status, missing.stdout], [1, ''])
  assert.deepEqual(readFileSync(x!), Buffer.from(torrent({ announce: B })))
  const alone = await runBtkit(['copyannounce', x!])
  assert.deepEqual([alone.status, alone.stdout], [2, ''])
  assert.equal((await runBtkit(['copyannounce'])).status, 2)
})

test('quiet prints nothing, and JSON nothing else', async (t) => {
  const root = makeScratch(t, { source: torrent({ announce: A }), x: torrent({ announce: B }) })
  const files = [join(root, 'source'), join(root, 'x')]
  const json = await runBtkit(['copyannounce', '--json', '--dry-run', ...files])
  assert.match(json.stdout, /^\{"torrent":.*"file":.*"changed":true,"dryRun":true.*\}\n$/)
  const quiet = await runBtkit(['copyannounce', '--quiet', ...files])
  assert.deepEqual([quiet.stdout, quiet.stderr], ['', ''])
})
