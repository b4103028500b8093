import { pseudoRandom } from '../../support/pseudo-random.js'
import type { Files } from '../../support/scratch.js'
import type { MirrorFile } from './reference-rules.js'

const MIB = 2 ** 20

/**
 * Sizes at and around the edges of blocks, and a few others; some twice, for pads of the same size.
 */
const SIZES = [
  0,
  1,
  1,
  MIB - 1,
  MIB,
  MIB,
  MIB + 1,
  2 * MIB,
  2 * MIB - 1,
  3 * MIB + 12_345,
  777,
  65_536,
  0,
]

/** Names that form, address and torrent each encode differently. */
const NAMES = [
  'a.rpm',
  'b+c~1.rpm',
  'with space.rpm',
  'ümläut.rpm',
  '100%25.rpm',
  'de ep/ü%+/x[1].rpm',
]

/** A mirror's files, the same in every run. */
export function referenceFiles(): MirrorFile[] {
  return SIZES.map((size, i) => {
    return { path: `/yum/${i}/${NAMES[i % NAMES.length]!}`, content: pseudoRandom(size, i + 1) }
  })
}

/** The files to create below a mirror's root. */
export function planted(files: readonly MirrorFile[]): Files {
  return Object.fromEntries(files.map(({ path, content }) => [path.slice(1), content]))
}

/** Takes some of the items in an order that depends only on the seed. */
export function pick<T>(items: readonly T[], count: number, seed: number): T[] {
  const left = [...items]
  const random = pseudoRandom(2 * count, seed)
  return Array.from({ length: Math.min(count, left.length) }, (_, i) => {
    return left.splice(random.readUInt16LE(2 * i) % left.length, 1)[0]!
  })
}
