import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Content } from '../../../src/core/digests/content.js'
import { padFile } from '../../../src/core/digests/pad-files.js'
import { isQuiet } from '../../../src/mirror/torrents/recent-writes.js'

const NOW = 1_700_000_000_000

/** Content of files that were changed that many milliseconds ago, and a pad file. */
function changed(...ages: number[]): Content {
  const files = ages.map((age) => {
    const ctimeNs = BigInt(NOW - age) * 1_000_000n
    const fingerprint = { size: 1, mtimeNs: 0n, ctimeNs, inode: 1n, device: 1n }
    return { path: ['a'], absolutePath: '/a', fingerprint }
  })
  const rest = {
    version: 'v1' as const,
    name: 'x',
    isDirectory: true,
    skipped: [],
    size: 1,
    pieceLength: 1,
    pieceCount: 1,
  }
  return { ...rest, files: [...files, padFile(['pad'], 1)] }
}

test('files without recent changes are quiet', () => {
  assert.ok(isQuiet(changed(100, 5000), NOW, null))
})

test('a file changed a moment ago may be in the middle of a write', () => {
  for (const age of [0, 99, -3]) assert.ok(!isQuiet(changed(5000, age), NOW, null), `${age}`)
})

test('a file with a future date is quiet only if it did not change between two lookups', () => {
  const future = changed(-60_000)
  assert.ok(!isQuiet(future, NOW, null))
  assert.ok(!isQuiet(future, NOW, changed(-59_000)))
  assert.ok(!isQuiet(changed(5000, -60_000), NOW, changed(5000)))
  assert.ok(isQuiet(future, NOW, changed(-60_000)))
})
