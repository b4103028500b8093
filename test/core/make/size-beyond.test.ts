import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutIntoPieces } from '../../../src/core/digests/content.js'
import { measureTorrent, sizeBeyond } from '../../../src/core/make/make-torrent.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { makeRequest } from '../requests.js'
import { FileColumns } from '../../../src/disk/file-lists/columns.js'

const stats = { mtimeNs: 1n, ctimeNs: 1n, inode: 1n, device: 1n }

/** Names that take the most bytes for their length, and the fewest. */
const FILES = ['a', 'b'.repeat(255), 'é'.repeat(127), '😀'.repeat(63), '語'.repeat(85)].flatMap(
  (name) => [
    { path: [name], attributes: 'xh', size: 999_999_999 },
    { path: ['d', name], size: 1 },
    { path: ['e', 'f', 'g', name], size: 999_999_999_999 },
    { path: ['h', name], attributes: 'l', symlinkPath: ['a', name], size: 0 },
  ],
)

for (const version of ['v1', 'v2', 'hybrid'] as const) {
  test(`a .torrent of ${version} is measured exactly if it is larger than allowed`, () => {
    for (const repeated of [1, 30]) {
      const files = Array.from({ length: repeated }, (_, i) =>
        FILES.map(({ size, path, ...file }) => ({
          ...file,
          path: [`${i}`, ...path],
          absolutePath: `/${path.join('/')}`,
          fingerprint: { size, ...stats },
        })),
      ).flat()
      const parts = {
        version,
        name: 'n',
        isDirectory: true,
        files: FileColumns.of(files),
        skipped: [],
      }
      const isAligned = version === 'v1' ? {} : { isAligned: true }
      const content = cutIntoPieces({ ...parts, ...isAligned }, pieceLengthOf(24))
      const plan = { request: makeRequest('/'), content }
      const size = measureTorrent(plan)
      assert.equal(sizeBeyond(size - 1, plan), size)
      assert.equal(sizeBeyond(size, plan), null)
      assert.equal(sizeBeyond(2 * size, plan), null)
    }
  })
}
