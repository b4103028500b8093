import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { OutputRecord } from '../../../src/cache/records/output.js'
import { examineTorrent } from '../../../src/core/complete/torrent-owner.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

const NOTHING = Buffer.of()
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()

function recordOf(written: Uint8Array, replaced: Uint8Array | null = null): OutputRecord {
  return { source: '/srv/a', input: NOTHING, fingerprint: NOTHING, written, replaced }
}

const made = (creator?: string) => torrentOf(singleFileInfo(), { 'created by': creator })
const OTHER = digest(Buffer.from('other'))

/** Who made a torrent, what is remembered, who this run says it is, and whose it is then. */
const RULES: readonly (readonly [
  by: string | undefined,
  remembered: 'not' | 'it' | 'it as the one before' | 'another',
  creator: string | null,
  owner: string,
])[] = [
  ['btkit 0.1.0', 'not', 'btkit 0.1.0', 'own'],
  ['btkit 0.1.0', 'it', 'btkit 9.9.9', 'own'],
  ['btkit 0.1.0', 'it as the one before', 'btkit 0.1.0', 'own'],
  ['btkit 0.1.0', 'another', 'btkit 0.1.0', 'edited'],
  ['btkit 0.1.0', 'not', 'me', 'own'],
  ['me', 'not', 'me', 'own'],
  ['me', 'another', 'me', 'edited'],
  ['me', 'not', 'btkit 0.1.0', 'foreign'],
  ['btkitten 1.0', 'not', 'btkit 0.1.0', 'foreign'],
  ['other 1.0', 'not', 'btkit 0.1.0', 'foreign'],
  [undefined, 'not', 'btkit 0.1.0', 'foreign'],
  [undefined, 'not', null, 'foreign'],
  [undefined, 'it', null, 'own'],
  [undefined, 'another', null, 'foreign'],
]

for (const [by, remembered, creator, owner] of RULES) {
  const what = `a torrent by ${by ?? 'nobody'}, where ${remembered} is remembered`
  test(`${what}, is ${owner} to ${creator ?? 'nobody'}`, (t) => {
    const bytes = made(by)
    const path = join(makeScratch(t, { 'a.torrent': bytes }), 'a.torrent')
    const records = {
      not: null,
      it: recordOf(digest(bytes)),
      'it as the one before': recordOf(OTHER, digest(bytes)),
      another: recordOf(OTHER),
    }
    assert.equal(examineTorrent(path, records[remembered], creator)?.owner, owner)
  })
}

test('what is no torrent is foreign, even when it is remembered', (t) => {
  const bytes = Buffer.from('d4:infoe')
  const path = join(makeScratch(t, { 'a.torrent': bytes }), 'a.torrent')
  const found = examineTorrent(path, recordOf(digest(bytes)), 'btkit 0.1.0')
  assert.deepEqual([found?.owner, found?.metainfo], ['foreign', null])
})

function missing(t: TestContext): string {
  return join(makeScratch(t), 'a.torrent')
}

test('where nothing is there is no torrent', (t) => {
  assert.equal(examineTorrent(missing(t), null, null), null)
})

test('a directory in its place is an error that names it', (t) => {
  const path = missing(t)
  mkdirSync(path)
  assert.throws(() => examineTorrent(path, null, null), { code: 'io' })
})

test('a broken link in its place is an error that names it', (t) => {
  const path = missing(t)
  symlinkSync('nowhere', path)
  assert.throws(() => examineTorrent(path, null, null), { code: 'not-found' })
})
