import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { hashInGroups, type ReadGroup } from '../../../src/core/digests/hash-groups.js'
import { hashOptions, TWINS } from '../../disk/hash/hash-options.js'
import { plantStream } from '../../disk/hash/plant-stream.js'
import { referenceDigests } from '../../support/reference-digests.js'

const B = 16 * 1024
const P = 4 * B
const PIECES = 6
const GROUP = 8

/** Hashes six pieces two at a time. */
async function readGroups(t: TestContext, kernel: (typeof TWINS)[number]) {
  const { contents, stream } = plantStream(t, [PIECES * P], P)
  const pieces = Uint32Array.from({ length: PIECES }, (_, i) => i)
  const reading = { stream, pieces, pieceCount: PIECES, wanted: 'both' as const }
  const engine = hashOptions({ kernel, isOffloaded: true })
  const groups: ReadGroup[] = []
  for await (const group of hashInGroups(reading, engine, GROUP)) groups.push(group)
  return { groups, contents }
}

for (const kernel of TWINS) {
  test(`${kernel}: pieces are hashed group by group`, async (t) => {
    const { groups, contents } = await readGroups(t, kernel)
    assert.equal(groups.length, PIECES / 2)
    const sha1 = Buffer.concat(groups.map(({ pieces }) => pieces))
    assert.deepEqual(sha1, referenceDigests(contents, P))
    const blocks = Buffer.concat(groups.map((group) => group.blocks))
    assert.deepEqual(blocks, referenceDigests(contents, B, 'sha256'))
  })
}
