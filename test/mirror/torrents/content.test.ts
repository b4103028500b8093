import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { withoutPads } from '../../../src/core/digests/pad-files.js'
import type { ScannedFile } from '../../../src/disk/file-lists/scanned-file.js'
import { setContent } from '../../../src/mirror/torrents/content.js'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { serveMirror } from '../../support/serve.js'
import { refused } from '../refused.js'

const BLOCK = 2 ** 20

const GIB = 2 ** 30

const SET = { isSingle: false }
const SINGLE = { isSingle: true }

function fileOf(path: string, size: number): ScannedFile {
  const fingerprint = { size, mtimeNs: 1n, ctimeNs: 1n, inode: 1n, device: 1n }
  return { path: path.split('/'), absolutePath: `/srv/${path}`, fingerprint }
}

for (const version of ['v1', 'v2', 'hybrid'] as const) {
  test(`${version}: a set has no file at an address of the service, where clients would not get it`, () => {
    const files = [fileOf('yum/a', 1), fileOf('yum/torrent_service/b', 1)]
    assert.throws(
      () => setContent({ ...SET, version }, files),
      refused('not-found', /^\/yum\/torrent_service\/b: not found/),
    )
  })
}

test('a file at the root can be requested alone, but not in a set', () => {
  assert.equal(setContent(SINGLE, [fileOf('a.iso', 1)]).name, 'a.iso')
  assert.throws(
    () => setContent(SET, [fileOf('a.iso', 1)]),
    refused('incompatible', /^\/a\.iso: .*same first directory/),
  )
})

for (const version of ['v2', 'hybrid'] as const) {
  test(`${version}: files are in the order of their paths, each at the start of a piece`, () => {
    const files = [fileOf('yum/z', 1), fileOf('yum/b/c', BLOCK + 1), fileOf('yum/a', 5)]
    const content = setContent({ ...SET, version }, files)
    assert.equal(content.version, version)
    assert.deepEqual(
      Array.from(withoutPads(content.files), ({ path }) => path.join('/')),
      ['a', 'b/c', 'z'],
    )
    assert.equal(content.pieceCount, 4)
  })

  test(`${version}: more than can be hashed in bounded memory is refused`, () => {
    const large = (size: number) => () =>
      setContent({ ...SINGLE, version }, [fileOf('yum/a', size)])
    assert.equal(large(64 * GIB)().size, 64 * GIB)
    assert.throws(
      large(64 * GIB + 1),
      refused('incompatible', /more than 64 GiB are not hashed for version 2/),
    )
  })
}

test('a torrent of too many pieces is refused', () => {
  const size = 2 ** 19 * BLOCK
  const huge = [fileOf('iso/huge', size), fileOf('iso/more', 1)]
  assert.throws(
    () => setContent(SET, huge),
    refused('too-many', /more than 512 GiB has too many pieces; ask for less/),
  )
})

const FILES = {
  'yum/torrent_service/single/a.rpm': 'below the mount',
  'yum/torrent_service.rpm': 'beside it',
  'torrent_service/a.rpm': 'the first component may be anything',
}

async function webSeedsOf(t: TestContext, path: string, args: readonly string[] = []) {
  const { address } = await serveMirror(t, { files: FILES, args })
  const answer = await fetch(`${address}/yum/torrent_service/single${path}`)
  const torrent = decodeTorrent(new Uint8Array(await answer.arrayBuffer()))
  return { address, seeds: torrent['url-list'] }
}

test("a file below the service's own addresses gets no web seed", async (t) => {
  const path = '/yum/torrent_service/single/a.rpm'
  const { address, seeds } = await webSeedsOf(t, path, ['--web-seed', 'http://b.example'])
  assert.equal(seeds, undefined)
  // Clients would have got something else
  assert.notEqual(await (await fetch(address + path)).text(), 'below the mount')
})

test('all other files get one', async (t) => {
  const one = await webSeedsOf(t, '/yum/torrent_service.rpm')
  assert.deepEqual(one.seeds, [`${one.address}/yum/`])
  const two = await webSeedsOf(t, '/torrent_service/a.rpm')
  assert.deepEqual(two.seeds, [`${two.address}/torrent_service/`])
  assert.equal((await fetch(`${two.address}/torrent_service/a.rpm`)).status, 200)
})

test('an address without a name before the service says its form', async (t) => {
  const { address } = await serveMirror(t, { files: { 'yum/7/a.rpm': 'content' } })
  const answer = await fetch(`${address}/torrent_service/single/yum/7/a.rpm`)
  assert.equal(answer.status, 404)
  const form =
    '/torrent_service: not found; any name comes first: /NAME/torrent_service/single/PATH'
  assert.match(await answer.text(), new RegExp(form))
})
