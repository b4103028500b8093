import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BencodeDict } from '../../../src/metainfo/bencode/value.js'
import { editedGolden } from '../../support/torrents.js'
import { codesOf, messagesOf } from './torrent.js'

/** The golden hybrid with other v1 files. */
function hybridWith(edit: (files: BencodeDict[]) => BencodeDict[]): Uint8Array {
  return editedGolden('hybrid-directory.torrent', (_top, info) => {
    const files = edit(info.get('files') as BencodeDict[])
    const size = files.reduce((sum, file) => sum + (file.get('length') as number), 0)
    info.set('files', files)
    info.set('pieces', new Uint8Array(Math.ceil(size / 16384) * 20))
  })
}

test('the files of a hybrid begin on the boundaries of pieces', () => {
  assert.deepEqual(codesOf(hybridWith((files) => files)), [])
})

test('without pad files they do not', () => {
  const torrent = hybridWith((files) => files.filter((file) => !file.has('attr')))
  assert.deepEqual(messagesOf('unaligned-hybrid', torrent), [
    'path "a/short.txt" begins inside a piece, 40001 bytes into the v1 content',
    'path "b/exact.bin" begins inside a piece, 40006 bytes into the v1 content',
    'path "ünï.txt" begins inside a piece, 72774 bytes into the v1 content',
  ])
})
