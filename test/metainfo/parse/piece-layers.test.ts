import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BencodeDict, BencodeValue } from '../../../src/metainfo/bencode/value.js'
import { merkleRoot, readPieceLayers } from '../../../src/metainfo/parse/piece-layers.js'
import { WarningList } from '../../../src/metainfo/warning.js'
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

/** The states of the files' layers, and what is warned of. */
function read(layers: BencodeValue | undefined, files: ReturnType<typeof treeFile>[]) {
  const warnings = new WarningList()
  const tree = readPieceLayers(files, { layers, pieceLength: PIECE, warnings })
  const messages = warnings.toArray().map(({ code, message }) => `${code}: ${message}`)
  return { states: tree.map(({ layerState }) => layerState), messages, tree }
}

test('a layer that leads to the root of each long file is right', () => {
  const { states, messages, tree } = read(layersOf(LAYER), [
    treeFile(2 * PIECE + 1),
    treeFile(3 * PIECE),
  ])
  assert.deepEqual([states, messages], [['ok', 'ok'], []])
  assert.deepEqual(tree[0]?.layer, LAYER)
})

test('files of one piece or none need no layer', () => {
  const { states, messages } = read(undefined, [treeFile(PIECE), treeFile(0, null)])
  assert.deepEqual([states, messages], [['none', 'none'], []])
})

test('without a layer a file can be told of, with a warning', () => {
  for (const layers of [undefined, new Map()]) {
    const { states, messages } = read(layers, [treeFile(3 * PIECE)])
    assert.deepEqual(states, ['missing'])
    assert.deepEqual(messages, ['layer-missing: piece layers of "d/a": is missing'])
  }
})

test('a layer that leads to another root is warned of', () => {
  const { states, messages } = read(layersOf(wrong), [treeFile(3 * PIECE)])
  assert.deepEqual(states, ['wrong'])
  assert.deepEqual(messages, [
    'layer-wrong: piece layers of "d/a": does not lead to the pieces root',
  ])
})

const wrong = Uint8Array.from(LAYER)
wrong[95] = 0

const REFUSED: [layers: BencodeValue | undefined, length: number, message: string][] = [
  [[], 3 * PIECE, 'piece layers: is not a dictionary'],
  [new Map([['short', LAYER]]), 0, 'piece layers: has a key that is not 32 bytes long'],
  [
    new Map([['a'.repeat(32), new Uint8Array(33)]]),
    0,
    `piece layers of root ${'61'.repeat(32)}: its length is not a multiple of 32`,
  ],
  [
    layersOf(3),
    3 * PIECE,
    `piece layers of root ${Buffer.from(ROOT).toString('hex')}: is not a string`,
  ],
  [
    layersOf(LAYER),
    3 * PIECE + 1,
    'piece layers of "d/a": is 96 bytes long, not 32 for each of 4 pieces',
  ],
]

for (const [layers, length, message] of REFUSED) {
  test(`refused at ${length} bytes: ${message}`, () => {
    assertRefused(
      () => {
        read(layers, [treeFile(length)])
      },
      'metainfo',
      message,
    )
  })
}

test('a layer that a hundred thousand files share is hashed once', () => {
  const layer = new Uint8Array(32 * 1000)
  const root = merkleRoot(layer, PIECE)
  const files = Array.from({ length: 100_000 }, () => treeFile(1000 * PIECE, root))
  const start = performance.now()
  read(new Map([[Buffer.from(root).toString('latin1'), layer]]), files)
  assert.ok(performance.now() - start < 10_000)
})
