import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { makeGroup } from '../../../src/core/make/make-group.js'
import { stateKey } from '../../../src/core/make/stated-content.js'
import { openCache } from '../../../src/disk/cache/open.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'
import { hashContext, makeRequest } from '../requests.js'

const CONTENT = Buffer.from('content')
const CHECKSUM = {
  name: 'sha256',
  digest: createHash('sha256').update('content').digest(),
} as const
const FILE = { path: 'a', content: CONTENT, length: 7, state: 'x', looseState: 'date' }

for (const [what, changes, isKnown] of [
  ['another state', { state: 'y' }, false],
  ['another state beside its checksum', { state: 'y', checksum: CHECKSUM }, true],
  ['another loose state beside its checksum', { looseState: 'z', checksum: CHECKSUM }, false],
  ['another length', { length: 8 }, false],
  ['another path', { path: 'b' }, true],
] as const) {
  test(`a file of ${what} is ${isKnown ? 'the known' : 'another'} one`, () => {
    const { checksum } = { checksum: undefined, ...changes }
    assert.equal(stateKey({ ...FILE, ...changes }) === stateKey({ ...FILE, checksum }), isKnown)
  })
}

test('of an unchanged file, only the bytes that share a piece with a changed one are read', async (t) => {
  const now = () => Date.now() + 60_000
  const cache = await openCache({ directory: makeScratch(t), now, warn: assert.ifError })
  t.after(() => cache.close())
  const [a, b] = [pseudoRandom(20_000, 1), pseudoRandom(20_000, 2)]
  const parts: [number, number][] = []
  const range = async function* (start: number, end: number) {
    parts.push([start, end])
    yield await Promise.resolve(a.subarray(start, end))
  }
  const make = async (state: string, isCached = true) => {
    const request = { ...makeRequest('', { pieceLength: pieceLengthOf(14) }), name: 'd' }
    const first = { path: 'a', content: a, length: a.length, state: 'a', range }
    const second = { path: 'b', content: b, length: b.length, state }
    const arrival = { place: 'd', isDirectory: true, files: [first, second] }
    const context = hashContext()
    const cached = { ...context, cacheAccess: { cache, trust: 'full' as const, now } }
    const { written } = await makeGroup(
      { torrents: [request], checksums: [], arrival },
      { reading: (_, work) => work(isCached ? cached : context) },
    )
    return written?.infoHash
  }
  const expected = await make('b', false)
  parts.length = 0
  assert.deepEqual([await make('b'), await make('c')], [expected, expected])
  assert.deepEqual(parts, [[16_384, 20_000]])
})
