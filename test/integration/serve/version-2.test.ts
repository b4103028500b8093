import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { assertHolds, downloadWithLibtorrent, fetchSingle, postSet } from '../../support/clients.js'
import { unlessLibtorrent } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { serveMirror, type ServedMirror } from '../../support/serve.js'
import { quickFirst } from '../../support/long.js'

const MIB = 1024 * 1024
const FILES = {
  'pub/a.iso': pseudoRandom(2.5 * MIB + 1, 1),
  'pub/b/c': pseudoRandom(3 * MIB, 2),
  'pub/z': 'z',
}

async function serve(t: TestContext): Promise<ServedMirror> {
  return serveMirror(t, { files: FILES, args: ['--trackerless'] })
}

async function fetchVersion(mirror: ServedMirror, path: string): Promise<Buffer> {
  const response = await fetch(`${mirror.address}/mirror/torrent_service/single/${path}`)
  assert.equal(response.status, 200)
  return Buffer.from(await response.arrayBuffer())
}

const declare = quickFirst()
for (const version of ['v2', 'hybrid']) {
  declare(
    `libtorrent downloads ?${version} of a pattern by url-list alone`,
    unlessLibtorrent,
    async (t) => {
      const mirror = await serve(t)
      const directory = await downloadWithLibtorrent(
        t,
        await fetchVersion(mirror, `pub/*?${version}`),
      )
      assertHolds(directory, { 'pub/a.iso': FILES['pub/a.iso'], 'pub/z': FILES['pub/z'] })
    },
  )
}

test('the versions of one address are kept apart, however they follow each other', async (t) => {
  const mirror = await serve(t)
  const versions = ['', '?v2', '?hybrid', '', '?x', '?hybrid', '?v2', '?v2']
  const seen: string[] = []
  for (const query of versions) {
    seen.push(parseMetainfo(await fetchVersion(mirror, `pub/a.iso${query}`)).version)
  }
  assert.deepEqual(seen, ['v1', 'v2', 'hybrid', 'v1', 'v1', 'hybrid', 'v2', 'v2'])
})

test('sets of the protocol stay what they are after another version of them', async (t) => {
  const mirror = await serve(t)
  await fetchVersion(mirror, 'pub/a.iso?v2')
  assert.equal(parseMetainfo(await fetchSingle(mirror, 'pub/a.iso')).version, 'v1')
  assert.equal(parseMetainfo(await postSet(mirror, ['/pub/a.iso', '/pub/z'])).version, 'v1')
})
