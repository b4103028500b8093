import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeTorrent } from '../../../../src/library/index.js'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { ask } from '../../../mirror/ask.js'
import { runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { serveMirror } from '../../../support/serve.js'

const TWICE = [
  'http://a.example/x/',
  'http://A.example:80/x',
  'HTTP://a.example/x/',
  'http://b.example/',
]
const ONCE = ['http://a.example/x/', 'http://b.example/']
const OPTIONS = TWICE.flatMap((url) => ['--web-seed', url])

test('a web seed that is given twice is once in the torrent, whatever makes or edits it', async (t) => {
  const directory = makeScratch(t, { 'd/x/f': 'content' })
  const seedsOf = (bytes: Uint8Array) => parseMetainfo(bytes).webSeeds
  const seedsIn = (name: string) => seedsOf(readFileSync(join(directory, name)))
  const source = join(directory, 'd/x')
  const made = await runBtkit(['makemetafile', source, '--trackerless', ...OPTIONS, '--no-cache'])
  assert.deepEqual([made.stderr, seedsIn('d/x.torrent')], ['', ONCE])
  const complete = ['completedir', join(directory, 'd'), '--trackerless', '--output', directory]
  await runBtkit([...complete, ...OPTIONS, '--no-cache'])
  assert.deepEqual(seedsIn('x.torrent'), ONCE)
  const added = OPTIONS.map((each) => each.replace('--web', '--add-web'))
  await runBtkit(['edit', join(directory, 'x.torrent'), ...added])
  assert.deepEqual(seedsIn('x.torrent'), ONCE)
  await runBtkit(['edit', join(directory, 'x.torrent'), ...OPTIONS])
  assert.deepEqual(seedsIn('x.torrent'), ONCE)
  const byProgram = await makeTorrent(source, { webSeeds: TWICE })
  assert.deepEqual(seedsOf(byProgram.bytes), ONCE)
  const args = ['--public-url', 'http://a.example/x', ...OPTIONS]
  const { port } = await serveMirror(t, { root: directory, args })
  const served = seedsOf((await ask(port, '/d/x/f.torrent')).body)
  assert.deepEqual(served, ['http://a.example/x/d/x/f', 'http://b.example/d/x/f'])
})
