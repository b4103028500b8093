import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { independentInfoHash } from '../../../support/decode-torrent.js'
import { aheadOfFiles } from '../../../support/mirror.js'
import { runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'

test('torrents that another run wrote into an entry are no part of it', async (t) => {
  const root = makeScratch(t, { 's/sub/a': 'a', 's/sub/b': 'b' })
  const places = ['--state-dir', makeScratch(t), '--cache-dir', makeScratch(t)]
  const complete = async (...directories: string[]) => {
    const paths = directories.map((each) => join(root, each))
    const args = ['completedir', 'http://t.example/announce', ...paths, ...places]
    const { status, stderr } = await runBtkit(args, { now: aheadOfFiles })
    assert.deepEqual([status, stderr], [0, ''])
    return independentInfoHash(readFileSync(join(root, 's/sub.torrent')))
  }
  const first = await complete('s')
  assert.equal(await complete('s', 's/sub'), first)
  assert.equal(await complete('s'), first)
})
