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

/** Hashes six pieces two at a time, and does something after each group. */
async function readGroups(
  t: TestContext,
  kernel: (typeof TWINS)[number],
  afterGroup: (count: number, left: AbortController) => void,
) {
  const { contents, stream } = plantStream(t, [PIECES * P], P)
  const pieces = Uint32Array.from({ length: PIECES }, (_, i) => i)
  const reading = { stream, pieces, pieceCount: PIECES, wanted: 'both' as const }
  const left = new AbortController()
  const engine = hashOptions({ kernel, isOffloaded: true, giveUp: left.signal })
  const groups: ReadGroup[] = []
  for await (const group of hashInGroups(reading, engine, GROUP)) {
    groups.push(group)
    afterGroup(groups.length, left)
  }
  return { groups, contents }
}

for (const kernel of TWINS) {
  test(`${kernel}: pieces are hashed group by group`, async (t) => {
    const { groups, contents } = await readGroups(t, kernel, () => undefined)
    assert.equal(groups.length, PIECES / 2)
    const sha1 = Buffer.concat(groups.map(({ pieces }) => pieces))
    assert.deepEqual(sha1, referenceDigests(contents, P))
    const blocks = Buffer.concat(groups.map((group) => group.blocks))
    assert.deepEqual(blocks, referenceDigests(contents, B, 'sha256'))
  })

  test(`${kernel}: of work that is given up between two groups, the first groups stand`, async (t) => {
    const { groups, contents } = await readGroups(t, kernel, (count, left) => {
      if (count === 2) left.abort()
    })
    const unfinished = groups.map((group) => group.unfinished !== null)
    assert.deepEqual(unfinished, [false, false, true])
    const sha1 = Buffer.concat(groups.map(({ pieces }) => pieces))
    const expected = referenceDigests(contents, P).subarray(0, sha1.length)
    assert.deepEqual(sha1, expected)
    assert.ok(sha1.length >= 4 * 20)
  })
}
