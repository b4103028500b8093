import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { HeldTorrents } from '../../../src/disk/state/held.js'
import { lineOf } from '../../../src/disk/state/journal.js'
import { lockRecords, logPath, placeIn, rootOf } from '../../../src/disk/state/roots.js'
import { TorrentRecords, type TorrentRecord } from '../../../src/disk/state/torrent-log.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'

const TREE = '/srv/out'
const WAIT = { waitSeconds: 0, signal: new AbortController().signal }
const NOTHING = Buffer.alloc(0)

function recordOf(seed: number, source: string): TorrentRecord {
  const [file, info] = [pseudoRandom(32, seed + 2), pseudoRandom(32, seed + 3)]
  const written = { file, info, keys: { announce: 'AAAAAAAA' } }
  const identity = { input: pseudoRandom(48, seed), fingerprint: pseudoRandom(40, seed + 1) }
  return { source, ...identity, written, replaced: null }
}

function place(t: TestContext) {
  const stateDirectory = join(makeScratch(t), 'state')
  const warnings: string[] = []
  const warn = (message: string) => warnings.push(message)
  const open = (root: string, isReadOnly = false) =>
    new TorrentRecords({ stateDirectory, root, isReadOnly, now: () => 7, warn })
  /** Opens the records of the tree as a run over it does. */
  const openTree = async (isReadOnly = false) => {
    const records = open(TREE, isReadOnly)
    await records.beginTree()
    return records
  }
  /** Puts records of a directory that no run over a tree knows. */
  const fill = async (root: string, records: Readonly<Record<string, TorrentRecord>>) => {
    const opened = open(root)
    for (const [name, record] of Object.entries(records)) opened.in('').put(name, record)
    await opened.close()
  }
  const files = () => readdirSync(join(stateDirectory, 'torrents')).sort()
  return { stateDirectory, warnings, open, openTree, fill, files }
}

test('a directory has its own records, or those of the nearest tree above it', async (t) => {
  const { stateDirectory, openTree, fill, open } = place(t)
  const rootIn = (target: string) => {
    const found = rootOf(stateDirectory, target)
    return [found.root, found.place]
  }
  assert.deepEqual(rootIn(`${TREE}/a/b`), [`${TREE}/a/b`, ''])
  await fill('/srv', { 'x.torrent': recordOf(1, '/x') })
  await fill(`${TREE}/own`, { 'x.torrent': recordOf(1, '/x') })
  // Records of one directory are not those of the directories below
  assert.deepEqual(rootIn(TREE), [TREE, ''])
  await (await openTree()).close()
  assert.deepEqual(rootIn(TREE), [TREE, ''])
  assert.deepEqual(rootIn(`${TREE}/a/b`), [TREE, 'a/b'])
  assert.deepEqual(rootIn(`${TREE}/own`), [`${TREE}/own`, ''])
  assert.deepEqual(rootIn(`${TREE}-other`), [`${TREE}-other`, ''])
  assert.equal(placeIn(TREE, `${TREE}/a/b`), 'a/b')
  await open(TREE).close()
  assert.deepEqual(rootIn(`${TREE}/a/b`), [TREE, 'a/b'])
})

test('a damaged file of records is none of a tree', async (t) => {
  const { stateDirectory, openTree } = place(t)
  await (await openTree()).close()
  for (const damage of ['', 'x', lineOf('a', '{"tree":true}')]) {
    writeFileSync(logPath(stateDirectory, TREE), damage)
    assert.equal(rootOf(stateDirectory, `${TREE}/a`).root, `${TREE}/a`)
  }
})

test('records that were damaged become those of a tree, with one warning', async (t) => {
  const { stateDirectory, openTree, fill, warnings } = place(t)
  await fill(TREE, { 'a.torrent': recordOf(1, '/a'), 'b.torrent': recordOf(2, '/b') })
  const path = logPath(stateDirectory, TREE)
  const bytes = readFileSync(path)
  bytes[bytes.length - 40]! ^= 1
  writeFileSync(path, bytes)
  const tree = await openTree()
  assert.deepEqual([tree.in('').has('a.torrent'), tree.in('').has('b.torrent')], [true, false])
  await tree.close()
  assert.equal(warnings.length, 1)
  assert.equal(rootOf(stateDirectory, `${TREE}/a`).root, TREE)
  assert.ok((await openTree()).in('').has('a.torrent'))
  assert.equal(warnings.length, 1)
})

test('the records of parts of a tree are taken in once, whatever they are', async (t) => {
  const { stateDirectory, openTree, fill, files, warnings } = place(t)
  const halfMade = { ...recordOf(5, '/src/b/half'), input: NOTHING, fingerprint: NOTHING }
  const given: Record<string, Record<string, TorrentRecord>> = {
    '': { 'top.torrent': recordOf(1, '/src/top') },
    a: { 'x.torrent': recordOf(2, '/src/a/x'), 'x.sha256': recordOf(3, '/src/a/x') },
    'a/deep': { 'x.torrent': recordOf(4, '/src/a/deep/x') },
    b: { 'half.torrent': halfMade },
    many: Object.fromEntries(
      Array.from({ length: 1100 }, (_, i) => [`${i}.torrent`, recordOf(i, `/src/many/${i}`)]),
    ),
  }
  for (const [name, records] of Object.entries(given)) await fill(join(TREE, name), records)
  await fill('/srv/elsewhere', given['a'] ?? {})
  const before = files()
  for (const isReadOnly of [true, false, false]) {
    const tree = await openTree(isReadOnly)
    for (const name of Object.keys(given)) await tree.takeIn(name, WAIT)
    await tree.settle()
    for (const [name, records] of Object.entries(given))
      for (const [file, record] of Object.entries(records))
        assert.deepEqual(tree.in(name).get(file), record, `${name}/${file}`)
    assert.equal(tree.in('b').get('x.torrent'), null)
    await tree.close()
    if (isReadOnly) assert.deepEqual(files(), before)
  }
  const logs = files().filter((name) => name.endsWith('.log'))
  const [own, other] = [TREE, '/srv/elsewhere'].map((root) => logPath(stateDirectory, root))
  assert.deepEqual(
    logs.map((name) => join(stateDirectory, 'torrents', name)).sort(),
    [own, other].sort(),
  )
  assert.deepEqual(warnings, [])
})

test('many torrents of a tree are known by the index as by the journal', async (t) => {
  const { openTree } = place(t)
  const tree = await openTree()
  const all = Array.from({ length: 1200 }, (_, i) => {
    const [directory, name] = [`d${i % 400}/é`, `${Math.floor(i / 400)}.iso`]
    return { directory, name, record: recordOf(i, `/src/${directory}/${name}`) }
  })
  for (const { directory, name, record } of all) tree.in(directory).put(`${name}.torrent`, record)
  await tree.close()
  const again = await openTree()
  for (const { directory, name, record } of all) {
    const log = again.in(directory)
    const source = { directory: `/src/${directory}/`, name }
    assert.ok(log.isUnchanged(`${name}.torrent`, { ...record, source }), name)
    const other = { ...source, directory: '/src/d0/' }
    assert.ok(!log.isUnchanged(`${name}.torrent`, { ...record, source: other }), name)
    assert.equal(log.sourceOf(`${name}.torrent`), record.source)
  }
  assert.ok(again.index, 'the journal was read')
  await again.close()
})

test('records of a part that another run uses stay its own', async (t) => {
  const { stateDirectory, openTree, fill } = place(t)
  await fill(`${TREE}/a`, { 'x.torrent': recordOf(1, '/src/a/x') })
  const held = await lockRecords(stateDirectory, `${TREE}/a`, WAIT)
  const tree = await openTree()
  await assert.rejects(tree.takeIn('a', WAIT), { code: 'locked' })
  held.release()
  await tree.takeIn('a', WAIT)
  // Several sources may have a directory of this name
  await tree.takeIn('a', WAIT)
  await tree.settle()
  assert.ok(tree.in('a').has('x.torrent'))
  await tree.close()
})

test('a run on a part that waits meanwhile is led to the records of the tree', async (t) => {
  const { stateDirectory, openTree, fill } = place(t)
  await fill(`${TREE}/a`, { 'x.torrent': recordOf(1, '/src/a/x') })
  const tree = await openTree()
  await tree.takeIn('a', WAIT)
  await assert.rejects(lockRecords(stateDirectory, `${TREE}/a`, WAIT), { code: 'locked' })
  const waiting = lockRecords(stateDirectory, `${TREE}/a`, { ...WAIT, waitSeconds: 30 })
  await tree.settle()
  const { root, place: found, release } = await waiting
  assert.deepEqual([root, found], [TREE, 'a'])
  release()
  await tree.close()
})

test('the tracker finds what a run over a tree keeps in a directory of it', async (t) => {
  const { stateDirectory, openTree } = place(t)
  const held = new HeldTorrents([stateDirectory])
  assert.ok(!held.holds(`${TREE}/a`, 'x.torrent'))
  const tree = await openTree()
  tree.in('a').put('x.torrent', recordOf(1, '/src/a/x'))
  await tree.close()
  assert.ok(held.holds(`${TREE}/a`, 'x.torrent'))
  assert.equal(held.sourceOf(`${TREE}/a`, 'x.torrent'), '/src/a/x')
  assert.ok(!held.holds(TREE, 'x.torrent'))
  rmSync(logPath(stateDirectory, TREE))
  assert.ok(!held.holds(`${TREE}/a`, 'x.torrent'))
})
