import assert from 'node:assert/strict'
import {
  appendFileSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { parseJson, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { connectPeer, startSeed, whenUnchoked } from '../../support/seed.js'

const FILES = 20
const ROUNDS = 10
const SIZE = 4_000_000
const BLOCK = 16_384
const PIECE = 65_536

/** Changes to data while a peer downloads it. */
const CHANGES: readonly ((data: string, round: number) => void)[] = [
  (data) => {
    appendFileSync(data, 'x')
  },
  (data, round) => {
    const file = openSync(data, 'r+')
    writeSync(file, pseudoRandom(PIECE, round), 0, PIECE, (round * PIECE) % (SIZE - PIECE))
    closeSync(file)
  },
  (data, round) => {
    writeFileSync(data, pseudoRandom(SIZE, round + 1000), { flag: 'r+' })
  },
  (data, round) => {
    truncateSync(data, round * 1000)
  },
  (data) => {
    rmSync(data)
  },
  (data, round) => {
    writeFileSync(`${data}.new`, pseudoRandom(SIZE, round + 2000))
    renameSync(`${data}.new`, data)
  },
]

test('no wrong byte leaves while data changes, is cut, goes or is replaced, in 200 rounds', async (t) => {
  const directory = makeScratch(t)
  const hashes: string[] = []
  for (let n = 0; n < FILES; n++) {
    const data = join(directory, `${n}.bin`)
    writeFileSync(data, pseudoRandom(SIZE, n))
    const made = await runBtkit([
      'makemetafile',
      data,
      '--trackerless',
      '-l',
      '16',
      '--json',
      '--no-cache',
    ])
    hashes.push(String(parseJson(made)['infoHash']))
  }
  const { port } = await startSeed(t, [directory], { now: Date.now })

  /** Asks for blocks at random until the connection ends. Returns whether there was one. */
  const download = async (n: number, onFirst: () => void): Promise<boolean> => {
    const content = pseudoRandom(SIZE, n)
    const from = `127.0.1.${n + 1}`
    const peer = await connectPeer(t, port, { infoHash: hashes[n] ?? '', from })
    await whenUnchoked(peer).catch(() => undefined)
    for (let blocks = 0; ; blocks++) {
      const start = Math.floor(Math.random() * (SIZE / BLOCK - 1)) * BLOCK
      const block = await peer
        .ask(Math.floor(start / PIECE), start % PIECE, BLOCK)
        .catch(() => null)
      if (block === null) return blocks > 0
      assert.ok(block.equals(content.subarray(start, start + BLOCK)), `${n}.bin at ${start}`)
      if (blocks === 0) onFirst()
    }
  }

  const follow = async (n: number): Promise<void> => {
    const data = join(directory, `${n}.bin`)
    for (let round = 0; round < ROUNDS; round++) {
      const change = CHANGES[(n + round) % CHANGES.length] ?? rmSync
      let changing = Promise.resolve()
      const onFirst = () => {
        changing = setTimeout(Math.random() * 300).then(() => {
          change(data, round + 1)
        })
      }
      while (!(await download(n, onFirst))) await setTimeout(300)
      await changing
      writeFileSync(`${data}.old`, pseudoRandom(SIZE, n))
      renameSync(`${data}.old`, data)
      rounds++
    }
  }

  let rounds = 0
  await Promise.all(hashes.map((_, n) => follow(n)))
  assert.equal(rounds, 200)
})
