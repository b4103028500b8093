import fc from 'fast-check'
import { pseudoRandom } from './pseudo-random.js'

/** The seed of all random input; `scripts/test.js` prints it and accepts it. */
const SEED = Number(process.env['BTKIT_TEST_SEED'] ?? Date.now() % 2 ** 31)

let drawn = 0

fc.configureGlobal({ seed: SEED })

/** fast-check, with the seed of this run. */
export { fc }

/** At least 0 and below 1, like `Math.random`, with the seed of this run. */
export function random(): number {
  return pseudoRandom(4, SEED + drawn++ / 2 ** 20).readUInt32LE() / 2 ** 32
}
