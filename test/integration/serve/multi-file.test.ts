import assert from 'node:assert/strict'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import {
  assertHolds,
  downloadWithAria2,
  downloadWithLibtorrent,
  downloadWithTransmission,
  postSet,
  type Download,
} from '../../support/clients.js'
import { longTest, quickFirst } from '../../support/long.js'
import { unlessInstalled, unlessLibtorrent } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import type { Files } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'

const BLOCK = 1024 * 1024

/** Files of which some need a null file after them, in the order of the set. */
const FILES: Files = {
  'Größe #1/100% 日本/Ein Paket #2.rpm': pseudoRandom(1.5 * BLOCK, 1),
  'Größe #1/a+b&c=d;[e]/%41 ü.rpm': pseudoRandom(3, 2),
  'Größe #1/block.rpm': pseudoRandom(BLOCK, 3),
  'Größe #1/empty.rpm': '',
  'Größe #1/end.rpm': pseudoRandom(2 * BLOCK + 5, 4),
}

/** The files of the set, all null. */
const NULL_FILES: Files = {
  [`Größe #1/torrent_service/nullfile/${BLOCK / 2}_0`]: Buffer.alloc(BLOCK / 2),
  [`Größe #1/torrent_service/nullfile/${BLOCK - 3}_0`]: Buffer.alloc(BLOCK - 3),
}

interface Case {
  readonly title: string
  readonly skip: string | false
  readonly download: Download
  /** The files in the set. */
  readonly files?: Files
}

const CASES: readonly Case[] = [
  {
    title: 'libtorrent downloads a set and its null files by url-list alone',
    ...unlessLibtorrent,
    download: downloadWithLibtorrent,
  },
  {
    title: 'aria2c downloads a set and its null files by url-list alone',
    ...unlessInstalled('aria2c'),
    download: downloadWithAria2,
  },
  {
    title: 'transmission-cli downloads a set and its null files by url-list alone',
    ...unlessInstalled('transmission-cli'),
    download: downloadWithTransmission,
    // It makes no files that are empty
    files: Object.fromEntries(Object.entries(FILES).filter(([, content]) => content.length > 0)),
  },
]

const testCase = quickFirst()

for (const { title, skip, ...given } of CASES) {
  testCase(title, { skip }, async (t) => {
    const { download, files = FILES } = given
    const mirror = await serveMirror(t, { files, args: ['--trackerless'] })
    const paths = Object.keys(files).map((path) => `/${path}`)
    const directory = await download(t, await postSet(mirror, paths))
    assertHolds(directory, { ...files, ...NULL_FILES })
  })
}

const TITLE = 'libtorrent downloads 1,500 files of one piece by url-list alone'
longTest(TITLE, unlessLibtorrent, async (t) => {
  const files = Object.fromEntries(
    Array.from({ length: 1500 }, (_, i): [string, string] => [`tiny/${i}`, String(i)]),
  )
  const mirror = await serveMirror(t, { files, args: ['--trackerless'] })
  const answer = await fetch(`${mirror.address}/tiny.torrent`)
  const torrent = new Uint8Array(await answer.arrayBuffer())
  const { pieces, files: listed } = parseMetainfo(torrent)
  assert.deepEqual([pieces?.length, listed.length], [20, 1500])
  assertHolds(await downloadWithLibtorrent(t, torrent), files)
})
