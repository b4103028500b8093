import assert from 'node:assert/strict'
import { readdirSync, readFileSync, utimesSync, writeFileSync, existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeGroup, type Reading } from '../../../src/core/make/make-group.js'
import { type MakeRequest, planTorrent } from '../../../src/core/make/make-torrent.js'
import { failure } from '../../disk/failure.js'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { hashContext, makeRequest, makeTorrent } from '../requests.js'

const OLD = Buffer.from(torrentOf(singleFileInfo()))

async function make(request: MakeRequest) {
  return makeTorrent(await planTorrent(request), hashContext())
}

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
  const { parts } = await make(makeRequest(source, { creationDate: 'mtime' }))
  assert.equal(decodeTorrent(Buffer.concat(parts))['creation date'], 1_500_000_000)
})

for (const isStream of [false, true])
  test(`if a list cannot be written, the error says that the torrent is: ${isStream}`, async (t) => {
    const directory = makeScratch(t, { a: '1' })
    const [torrent, list] = [join(directory, 'a.torrent'), join(directory, 'a.md5')]
    const request = { ...makeRequest(join(directory, 'a'), { torrent }), name: 'a' }
    const files = [{ path: 'a', content: Buffer.from('1') }]
    const arrival = isStream ? { place: 'a', isDirectory: false, files } : undefined
    const reading: Reading = (_, work) => work(hashContext())
    const onPlan = () => writeFile(list, 'precious')
    const group = { torrents: [request], checksums: ['md5'], arrival } as const
    const made = makeGroup(group, { reading, onPlan })
    const why = 'already exists and is not a list of md5 checksums (--force replaces it)'
    const said = `${why}; the torrent ${torrent} is written, without its checksum lists`
    await assert.rejects(made, failure('exists', `${list}: ${said}`))
    assert.ok(existsSync(torrent))
  })
