import { startCollecting } from './executable.js'
import { Mirror } from './mirror.js'
import { plantHuge } from './scratch.js'
import { whenOpen } from './when-open.js'

const GIB = 2 ** 30

/**
 * A run of completedir that has the lock, and hashes the last of its entries for a while: how long
 * is up to `--max-rate`.
 */
export async function startSlowRun(
  t: { after: (act: () => void) => void },
  args: readonly string[] = [],
  mirror = new Mirror(t, { a: 'a' }),
) {
  return { mirror, ...(await startSlowly(t, mirror.source, mirror.args(args))) }
}

/** Runs completedir with these arguments as slowly, over a new entry in `source`. */
export async function startSlowly(
  t: { after: (act: () => void) => void },
  source: string,
  args: readonly string[],
) {
  const huge = plantHuge(source, 'huge', GIB)
  const [command = '', ...given] = args
  const slow = [command, '--max-rate', '1M', '--threads', '1', ...given]
  const { child, ended } = startCollecting('btkit', slow, { t })
  await whenOpen(child.pid!, huge)
  return { child, ended }
}
