import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'

const BARE = torrentOf(singleFileInfo())
const FULL = torrentOf(singleFileInfo({ private: 1, source: 'S' }), {
  comment: 'c',
  'created by': 'me',
  'creation date': 5,
})
const SET = ['--comment', 'c', '--created_by=me', '--date', '5', '--private', '--source', 'S']
const UNSET = ['--no-comment', '--no-created-by', '--no-date', '--no-private', '--no-source']
const bareHash = parseMetainfo(BARE).infoHash
const fullHash = parseMetainfo(FULL).infoHash

test('all can be set and removed again, with the hashes printed that change', async (t) => {
  const path = join(makeScratch(t, { a: BARE }), 'a')
  const set = await runBtkit(['edit', path, ...SET])
  assert.deepEqual(readFileSync(path), Buffer.from(FULL))
  assert.equal(
    set.stdout,
    `changed ${path}\nold info hash for ${path}: ${bareHash}\nnew info hash for ${path}: ${fullHash}\n`,
  )
  assert.equal(
    set.stderr,
    'btkit: 1 torrent has a new info hash: to clients and trackers it is another\n' +
      'btkit: 1 of 1 torrent changed\n',
  )
  const unset = await runBtkit(['edit', ...UNSET, path])
  assert.deepEqual([unset.status, readFileSync(path)], [0, Buffer.from(BARE)])
})

test('an edit outside info leaves the info hash alone', async (t) => {
  const path = join(makeScratch(t, { a: FULL }), 'a')
  const { stdout, stderr } = await runBtkit(['edit', path, '--comment', ''])
  assert.deepEqual([stdout, stderr], [`changed ${path}\n`, 'btkit: 1 of 1 torrent changed\n'])
  const { comment, createdBy, infoHash } = parseMetainfo(readFileSync(path))
  assert.deepEqual([comment, createdBy, infoHash], [null, 'me', fullHash])
})

test('a dry run says so of the hashes too', async (t) => {
  const root = makeScratch(t, { a: BARE, b: BARE })
  const files = [join(root, 'a'), join(root, 'b')]
  const { stderr } = await runBtkit(['edit', '--dry-run', ...files, '--private'])
  assert.equal(
    stderr,
    'btkit: 2 torrents would get a new info hash: to clients and trackers they are others\n' +
      'btkit: 2 of 2 torrents would change; nothing was written\n',
  )
  assert.deepEqual(readFileSync(files[0]!), Buffer.from(BARE))
})

test('nothing to change, or a date that is none, is wrong usage', async (t) => {
  const path = join(makeScratch(t, { a: BARE }), 'a')
  const nothing = await runBtkit(['edit', path])
  assert.equal(nothing.status, 2)
  assert.equal(nothing.stderr, 'btkit: nothing to change: no --comment, --date or the like\n')
  for (const date of ['x', '-1', '1.5', '8640000000001']) {
    assert.equal((await runBtkit(['edit', path, '--date', date])).status, 2)
  }
})
