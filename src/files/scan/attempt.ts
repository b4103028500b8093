import { asBtkitError, BtkitError, osCodeOf } from '../../errors.js'
import { asPrefix } from './prefix.js'

/**
 * What `act` returns; its failure is said of the entry at `relative` below the root.
 * @throws BtkitError `changed` for an entry that is gone, and as the system's errors are told
 */
export function attempt<T>({ root }: { readonly root: string }, relative: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw failureAt(relative === '' ? root : asPrefix(root, '/') + relative, error)
  }
}

/** A file that disappeared may have got a name that the scan has passed, and would be left out. */
function failureAt(place: string, error: unknown): unknown {
  const code = osCodeOf(error)
  const isGone = code === 'ENOENT' || code === 'ENOTDIR'
  if (!isGone) return asBtkitError(error, place)
  return new BtkitError('changed', `${place}: disappeared during the scan`, { cause: error })
}
