import { BtkitError, nameErrors } from '../../base/errors.js'
import { readWhole } from '../../disk/look/read-bounded.js'
import { checkBencode, DEFAULT_MAX_DEPTH } from '../../metainfo/bencode/check.js'
import { changedKeys, swarmDifferences } from '../../metainfo/compare-swarms.js'
import { parseMetainfo } from '../../metainfo/parse/metainfo.js'
import { MAX_TORRENT } from '../../metainfo/sizes.js'

/** How a torrent differs from the file that it would replace. */
export interface TargetDifference {
  readonly status: 'unchanged' | 'changed' | 'missing'
  /** The keys that differ, such as `announce`; for info also what differs in it: `info: name`. */
  readonly changes: readonly string[]
}

/**
 * Compares a torrent with the file at its path. `isDated` says whether the creation date counts.
 * @throws BtkitError if the file cannot be read, or is no torrent
 */
export function compareWithTarget(
  path: string,
  bytes: Uint8Array,
  isDated: boolean,
): TargetDifference {
  const old = readTarget(path)
  if (old === null) return { status: 'missing', changes: [] }
  const limits = { maxSize: MAX_TORRENT, maxDepth: DEFAULT_MAX_DEPTH }
  const [before, now] = [old, bytes].map((each) => {
    return { bytes: each, ...nameErrors(path, () => checkBencode(each, limits)) }
  })
  const keys = before && now ? changedKeys(before, now) : []
  const counting = keys.filter((key) => key !== 'creation date' || isDated)
  const changes = counting.flatMap((key) => (key === 'info' ? infoChanges(old, bytes) : [key]))
  return { status: changes.length === 0 ? 'unchanged' : 'changed', changes }
}

function readTarget(path: string): Uint8Array | null {
  try {
    return readWhole(path, MAX_TORRENT)
  } catch (error) {
    if (error instanceof BtkitError && error.code === 'not-found') return null
    throw error
  }
}

function infoChanges(old: Uint8Array, bytes: Uint8Array): string[] {
  const limits = { maxSize: MAX_TORRENT }
  const found = swarmDifferences(parseMetainfo(old, limits), parseMetainfo(bytes, limits))
  return [...new Set(found.map(({ what }) => `info: ${what.replace(/^info\./, '')}`))]
}
