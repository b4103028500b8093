import type { Metainfo } from '../../metainfo/metainfo.js'
import { checkSeed, notAsked, type AskOptions, type Seed, type SeedCheck } from './check-seed.js'
import { LONGEST_PIECE, PieceDraw } from './piece.js'
import { formatBytes } from '../../text/quantity.js'

export interface CheckSeedsOptions extends AskOptions {
  /** Returns a random number from 0 (included) to 1 (excluded). */
  readonly random: () => number
}

/** Maximum number of checked seeds, because a torrent may have any number. */
const MOST_SEEDS = 100

/** Number of seeds that are checked at once. */
const AT_ONCE = 4

/**
 * Requests a random piece from each web seed and HTTP seed of a torrent, and checks it. Returns the
 * results in the torrent's order.
 * @throws BtkitError `interrupted`
 */
export async function checkSeeds(
  metainfo: Metainfo,
  options: CheckSeedsOptions,
): Promise<SeedCheck[]> {
  const draw = new PieceDraw(metainfo, options.random)
  const seeds = seedsOf(metainfo)
  const checks: SeedCheck[] = []
  const waiting = seeds.entries()
  const work = async () => {
    for (const [i, seed] of waiting) {
      const piece = i < MOST_SEEDS ? draw.next() : null
      if (piece) checks[i] = await checkSeed(metainfo, { seed, piece }, options)
      else checks[i] = notAsked(seed, i < MOST_SEEDS ? NO_PIECE : TOO_MANY)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return checks
}

const TOO_MANY = `only the first ${MOST_SEEDS} are`
const NO_PIECE = `no piece of a few files and ${formatBytes(LONGEST_PIECE)} at most was found`

function seedsOf({ webSeeds, httpSeeds }: Metainfo): Seed[] {
  return [
    ...(webSeeds ?? []).map((url): Seed => ({ url, kind: 'web seed' })),
    ...(httpSeeds ?? []).map((url): Seed => ({ url, kind: 'HTTP seed' })),
  ]
}
