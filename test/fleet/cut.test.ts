import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutPieces, priorityOf } from '../../src/fleet/cut.js'
import { bytesOfPart, type Part } from '../../src/fleet/job.js'
import { pieceLengthOf } from '../../src/metainfo/piece-length.js'
import { cutIntoPieces } from '../../src/core/digests/content.js'
import { FileColumns } from '../../src/disk/file-lists/columns.js'

const GIB = 1024 ** 3
const RULES = { shares: [{ name: 's', directory: '/srv' }] }

interface Wanted {
  readonly sizes: readonly number[]
  readonly pieceLength: number
  readonly isAligned?: boolean
  readonly directory?: string
}

/** Content of files below /srv/d. */
function contentOf({ sizes, pieceLength, isAligned = false, directory = '/srv/d' }: Wanted) {
  const files = sizes.map((size, i) => ({
    path: [`f${i}`],
    absolutePath: `${directory}/f${i}`,
    fingerprint: { size, mtimeNs: 1_500_000_001n, ctimeNs: 0n, inode: 0n, device: 0n },
  }))
  const version = isAligned ? ('v2' as const) : ('v1' as const)
  const parts = { version, name: 'd', isDirectory: true, files: FileColumns.of(files), skipped: [] }
  return cutIntoPieces(
    isAligned ? { ...parts, isAligned } : parts,
    pieceLengthOf(Math.log2(pieceLength)),
  )
}

function cut(wanted: Wanted, pieces?: Uint32Array, rules = RULES) {
  const content = contentOf(wanted)
  const all = pieces ?? Uint32Array.from({ length: content.pieceCount }, (_, i) => i)
  const kind = wanted.isAligned ? ('blocks' as const) : ('pieces' as const)
  return [...cutPieces({ content, pieces: all, wanted: kind }, rules)]
}

const partsOf = (wanted: Wanted) => cut(wanted).map(({ part }) => part!)

test('a file of 10 TiB is cut into ranges of 64 GiB', () => {
  const parts = partsOf({ sizes: [10_240 * GIB], pieceLength: 16 * 1024 ** 2 })
  assert.equal(parts.length, 160)
  for (const [i, { first, count, lead }] of parts.entries())
    assert.deepEqual([first, count, lead], [4096 * i, 4096, 0])
})

test('a file of 4 GiB is cut into ranges for many workers', () => {
  const parts = partsOf({ sizes: [4 * GIB], pieceLength: 1024 ** 2 })
  assert.deepEqual(new Set(parts.map(bytesOfPart)), new Set([GIB / 4]))
})

test('each piece is in one range, with the files that it needs', () => {
  const sizes = Array.from({ length: 300 }, (_, i) => (i * 7919) % 2_000_000)
  for (const isAligned of [false, true]) {
    const content = contentOf({ sizes, pieceLength: 65_536, isAligned })
    const cuts = cut({ sizes, pieceLength: 65_536, isAligned })
    assert.deepEqual(
      cuts.flatMap(({ pieces }) => [...pieces]),
      Array.from({ length: content.pieceCount }, (_, i) => i),
    )
    const bytes = cuts.reduce((sum, { part }) => sum + bytesOfPart(part!), 0)
    assert.equal(
      bytes,
      sizes.reduce((sum, size) => sum + size, 0),
    )
  }
})

test('a piece of files whose paths are too long for a job is hashed here', () => {
  const directory = `/srv/${'d'.repeat(3000)}`
  const sizes = Array.from({ length: 2000 }, () => 1)
  assert.deepEqual(
    cut({ sizes, pieceLength: 65_536, directory }).map(({ part }) => part),
    [null],
  )
})

test('pieces that are known already are left out', () => {
  const cuts = cut({ sizes: [1_000_000], pieceLength: 65_536 }, Uint32Array.of(1, 2, 9))
  assert.deepEqual(
    cuts.map(({ pieces }) => [...pieces]),
    [[1, 2], [9]],
  )
  assert.deepEqual(
    cuts.map(({ part }) => [part!.first, part!.count]),
    [
      [1, 2],
      [9, 1],
    ],
  )
})

test('files outside of every share are not handed out', () => {
  const cuts = cut({ sizes: [10], pieceLength: 65_536, directory: '/home/d' })
  assert.deepEqual(
    cuts.map(({ part }) => part),
    [null],
  )
})

test('a range has no more than 4096 files', () => {
  const parts = partsOf({ sizes: Array.from({ length: 9000 }, () => 65_536), pieceLength: 65_536 })
  assert.deepEqual(
    parts.map(({ files }: Part) => files.length),
    [4096, 4096, 808],
  )
})

test('small jobs go first, but a large one is overtaken for a limited time', () => {
  const now = 1_700_000_000_000
  assert.ok(priorityOf(1e6, now) < priorityOf(64 * GIB, now))
  assert.ok(priorityOf(64 * GIB, now) < priorityOf(1e6, now + 700_000))
})

test('priorities are those that BullMQ allows', () => {
  for (const now of [0, 1.7e12, 1.7e12 + 2 ** 21 * 10_000 - 10_000, 9e15]) {
    const priority = priorityOf(64 * GIB, now)
    assert.ok(Number.isInteger(priority) && priority >= 1 && priority < 2 ** 21, String(priority))
  }
})
