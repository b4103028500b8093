import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { hashInGroups, type ReadGroup } from '../../../src/core/digests/hash-groups.js'
import type { Pauses } from '../../../src/hash/hash-stream.js'
import { hashOptions, TWINS } from '../../hash/hash-options.js'
import { plantStream } from '../../hash/plant-stream.js'
import { referenceDigests } from '../../support/reference-digests.js'

const B = 16 * 1024
const P = 4 * B
const PIECES = 6
const GROUP = 8

/** A turn of work that ends and can begin again; the beginning can be made to fail. */
class Turn implements Pauses {
  turns = 0
  #act: () => void = () => undefined
  #isOver = false

  constructor(readonly fail: (turn: number) => boolean = () => false) {}

  onPause(act: () => void): void {
    this.#act = act
    if (this.#isOver) act()
  }

  end(): void {
    this.#isOver = true
    this.#act()
  }

  goOn(): Promise<number> {
    this.#isOver = false
    this.turns++
    return this.fail(this.turns) ? Promise.reject(new Error('nobody waits')) : Promise.resolve(1)
  }
}

/** Hashes six pieces two at a time, and does something after each group. */
async function readGroups(
  t: TestContext,
  kernel: (typeof TWINS)[number],
  { turn, afterGroup }: { turn: Turn; afterGroup: () => void },
) {
  const { contents, stream } = plantStream(t, [PIECES * P], P)
  const pieces = Uint32Array.from({ length: PIECES }, (_, i) => i)
  const reading = { stream, pieces, pieceCount: PIECES, wanted: 'both' as const }
  const pauses: Pauses = {
    onPause: (act) => {
      turn.onPause(act)
    },
    goOn: () => turn.goOn(),
  }
  const engine = hashOptions({ kernel, isOffloaded: true, pauses })
  const groups: ReadGroup[] = []
  for await (const group of hashInGroups(reading, engine, GROUP)) {
    groups.push(group)
    afterGroup()
  }
  return { groups, contents }
}

for (const kernel of TWINS) {
  test(`${kernel}: a pause that comes between two groups is kept, and nothing is lost`, async (t) => {
    const turn = new Turn()
    const afterGroup = () => {
      turn.end()
    }
    const { groups, contents } = await readGroups(t, kernel, { turn, afterGroup })
    assert.equal(turn.turns, 2, 'one before each further group')
    assert.equal(groups.length, PIECES / 2)
    const sha1 = Buffer.concat(groups.map(({ pieces }) => pieces))
    assert.deepEqual(sha1, referenceDigests(contents, P))
    const blocks = Buffer.concat(groups.map((group) => group.blocks))
    assert.deepEqual(blocks, referenceDigests(contents, B, 'sha256'))
  })

  test(`${kernel}: where a pause between two groups does not end, the first groups stand`, async (t) => {
    const turn = new Turn((count) => count === 2)
    const afterGroup = () => {
      turn.end()
    }
    const { groups, contents } = await readGroups(t, kernel, { turn, afterGroup })
    const unfinished = groups.map((group) => group.unfinished !== null)
    assert.deepEqual(unfinished, [false, false, true])
    const sha1 = Buffer.concat(groups.map(({ pieces }) => pieces))
    const expected = referenceDigests(contents, P).subarray(0, sha1.length)
    assert.deepEqual(sha1, expected)
    assert.ok(sha1.length >= 4 * 20)
  })
}
