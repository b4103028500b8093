import { stat } from 'node:fs/promises'
import { NotReady } from '../../server/answers/refusal.js'

/** Whether the root is a directory that can be looked at. */
export async function isRootThere(root: string): Promise<boolean> {
  return stat(root).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

/**
 * The refusal while the root is gone, as when it is moved away: to say of its files that they are
 * not found would have clients and proxies take them for deleted.
 */
export function missingRoot(): NotReady {
  return new NotReady('the root of the mirror is not there', 10)
}
