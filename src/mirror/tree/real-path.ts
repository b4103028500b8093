import { open, readlink, realpath } from 'node:fs/promises'
import { sep } from 'node:path'

/** Most components for which looking up each is faster than opening the path. */
const FEW = 32

/**
 * Opens a path only to name it, whatever its kind and permissions; Node does not define this flag.
 */
const O_PATH = 0o10000000

/**
 * The real path of a path, through links; rejects with the system's errors. realpath(3) looks up
 * every component by its path from the root, which takes quadratic time for deep paths, again for
 * each level of a tree. For those, Linux names the path of an open descriptor.
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
