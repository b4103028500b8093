import { stat } from 'node:fs/promises'
import { callWithin, isTimeout } from '../../base/bounded-call.js'
import { BtkitError } from '../../base/errors.js'

/** Milliseconds in which a directory must be found. A disk that spins up takes as long. */
const TIMEOUT = 10_000

/**
 * Returns a function that resolves if all directories answer. A network disk that hangs would hold
 * up a whole service if its event loop waited for it. One look is under way for each directory,
 * because each occupies a thread until the disk answers.
 * @throws BtkitError `busy` if one does not answer in time
 */
export function reachableDirectories(
  paths: readonly string[],
  {
    look = stat,
    timeoutMs = TIMEOUT,
  }: { readonly look?: (path: string) => Promise<unknown>; readonly timeoutMs?: number } = {},
): () => Promise<void> {
  const looks = new Map<string, Promise<unknown>>()
  const begin = (path: string): Promise<unknown> => {
    const under = looks.get(path)
    if (under) return under
    // Another failure than silence is for the caller to find
    const begun = look(path)
      .catch(() => undefined)
      .finally(() => looks.delete(path))
    looks.set(path, begun)
    return begun
  }
  const check = async (path: string) => {
    try {
      await callWithin({ timeoutMs }, () => begin(path))
    } catch (error) {
      if (!isTimeout(error)) throw error
      throw new BtkitError('busy', `${path}: the disk does not answer; try again later`)
    }
  }
  return async () => {
    await Promise.all(paths.map(check))
  }
}
