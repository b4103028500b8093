import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { TRUSTED_LENGTH, trustedPart, type CacheTrust } from '../../../src/disk/cache/trust.js'
import { encodeFingerprint } from '../../../src/disk/file-lists/fingerprint.js'
import { listColumns, ListingRoom, lookAt } from '../../../src/disk/look/stat-files.js'
import { TorrentRecords } from '../../../src/disk/state/torrent-log.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'

// In another order than their torrents: "-" is before the dot of .torrent
const NAMES = ['a', 'a-1', 'a.b', 'b', 'long'.repeat(40)]
const OPTIONS = pseudoRandom(16)
const NONE = new Uint8Array(0)

/** A directory `d` of files and their torrents, of which an index is made. */
async function place(t: TestContext, trust: CacheTrust) {
  const root = makeScratch(t)
  for (const name of ['source/d/sub', 'out/d/sub', 'state'])
    mkdirSync(join(root, name), { recursive: true })
  const source = (name: string) => join(root, 'source', 'd', name)
  const torrent = (name: string) => join(root, 'out', 'd', `${name}.torrent`)
  for (const name of NAMES) {
    writeFileSync(source(name), name)
    writeFileSync(torrent(name), `torrent of ${name}`)
  }
  const options = { stateDirectory: join(root, 'state'), root: join(root, 'out'), now: Date.now }
  const open = () => new TorrentRecords({ ...options, warn: assert.ifError })
  const records = open()
  await records.beginTree()
  const written = { file: NONE, info: null, keys: null }
  const stateOf = (path: string) => encodeFingerprint(lookAt(path)!)
  const record = (name: string) => ({
    ...{ source: source(name), fingerprint: stateOf(torrent(name)), written, replaced: null },
    input: Buffer.concat([trustedPart(stateOf(source(name)), trust), OPTIONS]),
  })
  for (const name of NAMES) records.in('d').put(`${name}.torrent`, record(name))
  for (let i = 0; i < 1000; i++) records.in(`e${i}`).put('a.torrent', record('a'))
  await records.close()
  const { index } = open()
  assert.ok(index)
  const list = (name: string) => listColumns(join(root, name, 'd'), new ListingRoom())
  const ask = (other: Partial<Parameters<typeof index.columns.unchangedAmong>[0]> = {}) =>
    index.columns.unchangedAmong({
      ...{ prefix: 'd/', directory: join(root, 'source', 'd', '/'), options: OPTIONS },
      ...{ sources: list('source'), torrents: list('out'), trusted: TRUSTED_LENGTH[trust] },
      ...other,
    })
  return { source, torrent, ask, root }
}

const SIZE = NAMES.join('').length

for (const trust of ['full', 'mtime'] as const)
  test(`by listings alone, unchanged files are recognized, with ${trust} times`, async (t) => {
    const { ask } = await place(t, trust)
    for (let turn = 0; turn < 2; turn++) assert.deepEqual(ask(), { count: 5, bytes: SIZE })
    assert.equal(ask({ options: pseudoRandom(16, 2) }), null)
    assert.equal(ask({ prefix: 'e5/' }), null)
    assert.equal(ask({ directory: '/somewhere/' }), null)
  })

type Made = Awaited<ReturnType<typeof place>>

const CHANGES: Record<string, (made: Made) => void> = {
  'a file that changed': ({ source }) => {
    appendFileSync(source('a.b'), 'x')
  },
  'a file that was added': ({ source }) => {
    writeFileSync(source('c'), '')
  },
  'a file whose name was changed': ({ source }) => {
    renameSync(source('b'), source('c'))
  },
  'a torrent that changed': ({ torrent }) => {
    appendFileSync(torrent('a-1'), 'x')
  },
  'a torrent that is gone': ({ torrent }) => {
    rmSync(torrent('a'))
  },
  'a torrent of another file': ({ torrent }) => {
    writeFileSync(torrent('c'), '')
  },
  'a file that is gone': ({ source }) => {
    rmSync(source('a'))
  },
  'a directory in the place of a torrent': ({ torrent }) => {
    rmSync(torrent('a'))
    mkdirSync(torrent('a'))
  },
}

for (const [what, change] of Object.entries(CHANGES))
  test(`by listings alone, one sees ${what}`, async (t) => {
    const made = await place(t, 'full')
    change(made)
    assert.equal(made.ask(), null)
  })
