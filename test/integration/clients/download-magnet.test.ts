import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { plant } from '../../support/download.js'
import { runExecutable } from '../../support/executable.js'
import { magnetOf, serveBytes } from '../../support/magnets.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

const HASH = '0123456789abcdef0123456789abcdef01234567'

test('a source with another torrent is refused, and nothing is downloaded', async (t) => {
  const url = await serveBytes(t, torrentOf(singleFileInfo()))
  const [to, env] = [makeScratch(t), { PATH: makeScratch(t) }]
  const args = ['download', magnetOf(HASH, { xs: [url] }), '--output', `${to}/`, '--no-cache']
  const { status, stdout, stderr } = await runExecutable('btkit', args, { env })
  assert.deepEqual([status, stdout], [1, ''])
  assert.match(
    stderr,
    /^btkit: \S+: has the info hash [0-9a-f]{40}, not the magnet link's 0123\S+\n$/,
  )
  assert.ok(stderr.includes(`${url}: `) && stderr.includes(HASH))
  assert.deepEqual(readdirSync(to), [])
})

test('after a source with another torrent the next one is asked', async (t) => {
  const { torrent, infoHash, source } = await plant(t)
  const good = await serveBytes(t, readFileSync(torrent))
  const bad = [good.replace('a.torrent', 'none'), await serveBytes(t, torrentOf(singleFileInfo()))]
  const link = magnetOf(infoHash, { xs: [...bad, good] })
  const args = ['download', link, '--output', `${source}/`, '--no-cache']
  const env = { PATH: makeScratch(t) }
  const { status, stdout, stderr } = await runExecutable('btkit', args, { env })
  assert.deepEqual([status, stdout], [0, `${source}/release: whole, 1.5 MiB\n`])
  const warnings = stderr.trimEnd().split('\n')
  assert.equal(warnings[0], `btkit: warning: ${bad[0]}: HTTP status 404`)
  assert.match(warnings[1]!, /^btkit: warning: .* has the info hash .*, not the magnet link's/)
  assert.equal(warnings.length, 2)
})
