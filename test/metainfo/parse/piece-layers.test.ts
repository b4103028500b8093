import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BencodeDict, BencodeValue } from '../../../src/metainfo/bencode/value.js'
import { merkleRoot } from '../../../src/metainfo/parse/merkle-root.js'
import { checkPieceLayers } from '../../../src/metainfo/parse/piece-layers.js'
import { assertRefused } from '../refusal.js'

const PIECE = 16384
const LAYER = new Uint8Array(96).map((_, at) => at)
const ROOT = merkleRoot(LAYER, PIECE)

function treeFile(length: number, piecesRoot: Uint8Array | null = ROOT) {
  return { file: { path: ['d', 'a'], length, padding: false, attr: '' }, piecesRoot }
}

function layersOf(layer: BencodeValue): BencodeDict {
  return new Map([[Buffer.from(ROOT).toString('latin1'), layer]])
}

test('a layer that leads to the root of each long file is right', () => {
  assert.doesNotThrow(() => {
    checkPieceLayers(layersOf(LAYER), [treeFile(2 * PIECE + 1), treeFile(3 * PIECE)], PIECE)
  })
})

test('files of one piece or none need no layer', () => {
  assert.doesNotThrow(() => {
    checkPieceLayers(undefined, [treeFile(PIECE), treeFile(0, null)], PIECE)
  })
})

const wrong = Uint8Array.from(LAYER)
wrong[95] = 0

const REFUSED: [layers: BencodeValue | undefined, length: number, message: string][] = [
  [undefined, 3 * PIECE, 'piece layers: is missing'],
  [[], 3 * PIECE, 'piece layers: is not a dictionary'],
  [new Map(), 3 * PIECE, 'piece layers of "d/a": is missing'],
  [layersOf(3), 3 * PIECE, 'piece layers of "d/a": is not a string'],
  [
    layersOf(LAYER),
    3 * PIECE + 1,
    'piece layers of "d/a": is 96 bytes long, not 32 for each of 4 pieces',
  ],
  [layersOf(wrong), 3 * PIECE, 'piece layers of "d/a": does not lead to the pieces root'],
]

for (const [layers, length, message] of REFUSED) {
  test(`refused at ${length} bytes: ${message}`, () => {
    assertRefused(
      () => {
        checkPieceLayers(layers, [treeFile(length)], PIECE)
      },
      'metainfo',
      message,
    )
  })
}

test('a layer that a hundred thousand files share is hashed once', () => {
  const layer = new Uint8Array(32 * 1000)
  const root = merkleRoot(layer, PIECE)
  const files = new Array(100_000).fill(treeFile(1000 * PIECE, root))
  const start = performance.now()
  checkPieceLayers(new Map([[Buffer.from(root).toString('latin1'), layer]]), files, PIECE)
  assert.ok(performance.now() - start < 10_000)
})
