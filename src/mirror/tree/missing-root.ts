import { stat } from 'node:fs/promises'
import { NotReady } from '../../server/answers/refusal.js'

/** Whether the root is a directory that can be read. */
export async function isRootThere(root: string): Promise<boolean> {
  return stat(root).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

/**
 * The refusal while the root is missing, for example while it is moved. With 404, clients and
 * proxies would treat its files as deleted.
 */
export function missingRoot(): NotReady {
  return new NotReady('the root of the mirror is missing; try again in 10 s', 10)
}
