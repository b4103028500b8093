import { open, readlink, realpath } from 'node:fs/promises'
import { sep } from 'node:path'

/** Components of a path up to which the look at each costs less than to open it. */
const FEW = 32

/** Opens a place only to name it, whatever it is and whoever may read it; Node has no name for it. */
const O_PATH = 0o10000000

/**
 * The real path of what is at a path, links followed; fails as the system does. realpath(3) looks at
 * every component by its way from the root, which for a deep path is the square of the work, at each
 * level of a tree anew: there Linux tells where what was opened lies.
 */
export async function realPathOf(path: string): Promise<string> {
  if (process.platform !== 'linux' || path.split(sep).length <= FEW) return realpath(path)
  const handle = await open(path, O_PATH)
  try {
    return await readlink(`/proc/self/fd/${handle.fd}`)
  } finally {
    await handle.close()
  }
}
