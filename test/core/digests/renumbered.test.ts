import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { streamOf } from '../../../src/core/digests/hash-content.js'
import { hashInGroups } from '../../../src/core/digests/hash-groups.js'
import { FileColumns } from '../../../src/disk/file-lists/columns.js'
import { readFingerprint } from '../../../src/disk/file-lists/fingerprint.js'
import { padFile } from '../../../src/disk/file-lists/scanned-file.js'
import { makeScratch } from '../../support/scratch.js'
import { hashContext } from '../requests.js'

const PIECE = 16_384

// A worker gets parts that begin within a piece: padding stands for what is before them
for (const lead of [0, 1, PIECE - 1]) {
  test(`a part with ${lead} bytes before it is read though its inode numbers change`, async (t) => {
    const directory = makeScratch(t, { a: 'content' })
    const absolutePath = join(directory, 'a')
    const before = readFingerprint(absolutePath)
    const [inode, size] = [before.inode + 1n, before.size]
    const file = { absolutePath, path: ['a'], size, fingerprint: { ...before, inode } }
    const files = FileColumns.of([padFile([], lead), file])
    const stream = streamOf({ files, pieceLength: PIECE }, { isGuarded: true })
    const digests: Uint8Array[] = []
    const pieces = Uint32Array.from({ length: Math.ceil((lead + size) / PIECE) }, (_, i) => i)
    const reading = { stream, pieces, wanted: 'pieces' } as const
    for await (const group of hashInGroups(reading, hashContext().engine))
      digests.push(group.pieces)
    const bytes = Buffer.concat([Buffer.alloc(lead), Buffer.from('content')])
    const expected = [bytes.subarray(0, PIECE), bytes.subarray(PIECE)]
      .filter(({ length }) => length > 0)
      .map((piece) => createHash('sha1').update(piece).digest())
    assert.deepEqual(Buffer.concat(digests), Buffer.concat(expected))
  })
}
