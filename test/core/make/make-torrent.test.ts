import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  makeTorrent,
  measureTorrent,
  planTorrent,
  type MakeRequest,
} from '../../../src/core/make/make-torrent.js'
import { failure } from '../../files/failure.js'
import { decodeTorrent, independentInfoHash } from '../../support/decode-torrent.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { makeRequest, hashContext } from '../requests.js'

const OLD = Buffer.from(torrentOf(singleFileInfo()))

async function make(request: MakeRequest) {
  return makeTorrent(await planTorrent(request), hashContext())
}

test('the torrent of a file holds its name, length and digests', async (t) => {
  const content = pseudoRandom(300_000)
  const source = join(makeScratch(t, { 'a.iso': content }), 'a.iso')
  const { bytes, infoHash } = await make(makeRequest(source))
  assert.deepEqual(decodeTorrent(bytes), {
    announce: 'http://t.example/announce',
    info: {
      length: 300_000,
      name: 'a.iso',
      'piece length': 262_144,
      pieces: referenceDigests([content], 262_144).toString('hex'),
    },
  })
  assert.equal(infoHash, independentInfoHash(bytes))
})

test('the torrent of a directory lists its files', async (t) => {
  const source = join(makeScratch(t, { 'dir/b/c': '12', 'dir/a': '' }), 'dir')
  const { bytes, infoHash } = await make(makeRequest(source))
  assert.deepEqual(decodeTorrent(bytes).info, {
    files: [
      { length: 0, path: ['a'] },
      { length: 2, path: ['b', 'c'] },
    ],
    name: 'dir',
    'piece length': 262_144,
    pieces: referenceDigests([Buffer.from('12')], 262_144).toString('hex'),
  })
  assert.equal(infoHash, independentInfoHash(bytes))
})

test('what is written is what is returned', async (t) => {
  const directory = makeScratch(t, { a: '1' })
  const torrent = join(directory, 'a.torrent')
  const { bytes } = await make(makeRequest(join(directory, 'a'), { torrent }))
  assert.deepEqual(readFileSync(torrent), Buffer.from(bytes))
})

test('a file that takes the name of a torrent while that is made is left as it was', async (t) => {
  const directory = makeScratch(t, { a: '1' })
  const torrent = join(directory, 'a.torrent')
  const plan = await planTorrent(makeRequest(join(directory, 'a'), { torrent }))
  writeFileSync(torrent, 'precious')
  const said = `${torrent}: already exists and is not a torrent (--force replaces it)`
  await assert.rejects(makeTorrent(plan, hashContext()), failure('exists', said))
  assert.equal(readFileSync(torrent, 'utf8'), 'precious')
  assert.deepEqual(readdirSync(directory), ['a', 'a.torrent'])
})

for (const size of [1, 262_143, 262_144, 262_145, 3_000_000]) {
  test(`the torrent of ${size} bytes is as large as was said before`, async (t) => {
    const source = makeScratch(t, { a: pseudoRandom(size), 'é\n': '' })
    const plan = await planTorrent(makeRequest(source, { private: true, creationDate: 'mtime' }))
    const measured = measureTorrent(plan)
    assert.equal((await makeTorrent(plan, hashContext())).bytes.length, measured)
  })
}

test('a file that changes leaves the old torrent as it was, and nothing beside it', async (t) => {
  const directory = makeScratch(t, { 'in/a': '1', 'in/b': '2', 'out/x.torrent': OLD })
  const torrent = join(directory, 'out', 'x.torrent')
  const plan = await planTorrent(makeRequest(join(directory, 'in'), { torrent }))
  writeFileSync(join(directory, 'in', 'b'), '3')
  const message = `${join(directory, 'in', 'b')}: changed while it was read`
  await assert.rejects(makeTorrent(plan, hashContext()), failure('changed', message))
  assert.deepEqual(readFileSync(torrent), OLD)
  assert.deepEqual(readdirSync(join(directory, 'out')), ['x.torrent'])
})

test('the date of files is that of the newest, in whole seconds', async (t) => {
  const source = makeScratch(t, { a: '1', b: '2', c: '3' })
  utimesSync(join(source, 'a'), 0, 1_000_000)
  utimesSync(join(source, 'b'), 0, 1_500_000_000.999)
  utimesSync(join(source, 'c'), 0, 1_400_000_000)
  const { bytes } = await make(makeRequest(source, { creationDate: 'mtime' }))
  assert.equal(decodeTorrent(bytes)['creation date'], 1_500_000_000)
})

test('private and source are part of the info hash', async (t) => {
  const source = makeScratch(t, { a: '1' })
  const requests = [{}, { private: true }, { sourceTag: 'X' }, { sourceTag: 'Y', private: true }]
  const made = await Promise.all(requests.map((changes) => make(makeRequest(source, changes))))
  assert.equal(new Set(made.map(({ infoHash }) => infoHash)).size, 4)
  assert.deepEqual(
    made.map(({ bytes }) => decodeTorrent(bytes).info).map(({ private: p, source: s }) => [p, s]),
    [
      [undefined, undefined],
      [1, undefined],
      [undefined, 'X'],
      [1, 'Y'],
    ],
  )
})

test('a torrent that must not be replaced is found before anything is hashed', async (t) => {
  const directory = makeScratch(t, { a: '1', 'a.torrent': 'old' })
  const torrent = join(directory, 'a.torrent')
  const request = makeRequest(join(directory, 'a'), { torrent, write: { noClobber: true } })
  await assert.rejects(planTorrent(request), failure('exists', `${torrent}: already exists`))
})

test('a directory that is not there is found before anything is hashed', async (t) => {
  const directory = makeScratch(t, { a: '1' })
  const torrent = join(directory, 'gone', 'a.torrent')
  const message = `${join(directory, 'gone')}: no such file or directory`
  const planning = planTorrent(makeRequest(join(directory, 'a'), { torrent }))
  await assert.rejects(planning, failure('not-found', message))
})

test('a directory can’t be the torrent', async (t) => {
  const directory = makeScratch(t, { a: '1' })
  mkdirSync(join(directory, 'd'))
  const torrent = join(directory, 'd')
  const planning = planTorrent(makeRequest(join(directory, 'a'), { torrent }))
  await assert.rejects(planning, failure('io', `${torrent}: is a directory`))
})

test('a torrent never replaces the very file that it is made of', async (t) => {
  const source = join(makeScratch(t, { a: 'precious' }), 'a')
  await assert.rejects(make(makeRequest(source, { torrent: source })), { name: 'BtkitError' })
  assert.equal(readFileSync(source, 'utf8'), 'precious')
})

test('permissions that were asked for are those of the torrent', async (t) => {
  const directory = makeScratch(t, { a: '1' })
  const torrent = join(directory, 'a.torrent')
  await make(makeRequest(join(directory, 'a'), { torrent, write: { mode: 0o640 } }))
  assert.equal(statSync(torrent).mode & 0o777, 0o640)
})

test('an interrupted torrent leaves nothing behind', async (t) => {
  const directory = makeScratch(t, { a: '1' })
  const torrent = join(directory, 'a.torrent')
  const plan = await planTorrent(makeRequest(join(directory, 'a'), { torrent }))
  const making = makeTorrent(plan, hashContext({ signal: AbortSignal.abort() }))
  await assert.rejects(making, failure('interrupted', 'interrupted'))
  assert.deepEqual(readdirSync(directory), ['a'])
})
