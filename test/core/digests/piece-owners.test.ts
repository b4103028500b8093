import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Content } from '../../../src/core/digests/content.js'
import { padFile } from '../../../src/core/digests/pad-files.js'
import { pieceOwners, sharedPieces } from '../../../src/core/digests/piece-owners.js'

const P = 16384

/** Content of files of those sizes, called a, b and so on. */
function contentOf(sizes: readonly number[]): Content {
  const files = sizes.map((size, i) => {
    const path = String.fromCharCode(97 + i)
    const fingerprint = { size, mtimeNs: 0n, ctimeNs: 0n, inode: 1n, device: 1n }
    return { path: [path], absolutePath: path, fingerprint }
  })
  const size = sizes.reduce((sum, length) => sum + length, 0)
  const rest = { version: 'v1' as const, name: 'x', isDirectory: true, skipped: [], pieceLength: P }
  return { ...rest, files, size, pieceCount: Math.ceil(size / P) }
}

/** How a piece that ends a file is shown: at the end of all, and filled up with zeros. */
const ENDS = { tail: '$', paddedTail: '0' }

/** Each piece with the files that it runs through, by the two ways in which the cache keeps them. */
function piecesOf(content: Content): string[] {
  const pieces: string[][] = Array.from({ length: content.pieceCount }, () => [])
  for (const { file, first, whole, end } of pieceOwners(content)) {
    for (let i = first; i < first + whole; i++) pieces[i]!.push(file.absolutePath)
    if (end) pieces[first + whole]!.push(`${file.absolutePath}${ENDS[end]}`)
  }
  for (const { piece, spans } of sharedPieces(content)) {
    const parts = spans.map(({ file, from, to }) => `${file.absolutePath}${to - from}`)
    pieces[piece]!.push(parts.join('+'))
  }
  return pieces.map((ways) => ways.join(' and '))
}

const CONTENTS: readonly (readonly [sizes: number[], pieces: string[]])[] = [
  [[P], ['a']],
  [[5], ['a$']],
  [[P + 5], ['a', 'a$']],
  [
    [P, P],
    ['a', 'b'],
  ],
  [[5, 6], ['a5+b6']],
  [
    [P + 5, P],
    ['a', `a5+b${P - 5}`, 'b$'],
  ],
  [
    [5, P - 5, P],
    [`a5+b${P - 5}`, 'c'],
  ],
  [
    [0, P, 0, P, 0],
    ['b', 'd'],
  ],
  [[0, 5, 0, 6, 0], ['b5+d6']],
  [
    [2 * P + 1, 1, 2 * P, 7],
    ['a', 'a', `a1+b1+c${P - 2}`, 'c', 'c2+d7'],
  ],
  [
    [1, 2, 3, P - 6, 4],
    [`a1+b2+c3+d${P - 6}`, 'e$'],
  ],
]

for (const [sizes, pieces] of CONTENTS) {
  test(`each piece of files of ${sizes.join(', ')} bytes is kept in just one way`, () => {
    assert.deepEqual(piecesOf(contentOf(sizes)), pieces)
  })
}

/** Where a pad file stands among others, and how pieces are kept. */
const PADDED: readonly (readonly [sizes: number[], pad: number, pieces: string[]])[] = [
  [[5, P - 5, 7], 1, ['a0', 'c$']],
  [[P + 5, P - 5, 7], 1, ['a', 'a0', 'c$']],
  [[P, 5, P - 5, P], 2, ['a', 'b0', 'd']],
  // Not to the end of the piece, so that another file has part in it
  [[5, 6, 7], 1, ['a5+6+c7']],
  [[5, 6, P - 11], 2, [`a5+b6+${P - 11}`]],
]

for (const [sizes, pad, pieces] of PADDED) {
  test(`a piece filled up by a pad file is its file's own: ${sizes.join(', ')}`, () => {
    const content = contentOf(sizes)
    const files = content.files.map((file, i) => (i === pad ? padFile(['p'], sizes[i]!) : file))
    assert.deepEqual(piecesOf({ ...content, files }), pieces)
  })
}
