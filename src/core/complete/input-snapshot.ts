import { digestOf } from '../../digest.js'
import { BtkitError, osCodeOf } from '../../errors.js'
import { realPath } from '../../files/inside.js'
import { readTreeTables, type TreeTables } from '../../files/tree-tables.js'
import { readNote, type NotePlace } from '../../state/notes.js'
import { stampOfLog } from '../../state/torrents/file.js'
import { RACY_NS } from '../digests/settled.js'
import type { CompleteContext, CompleteRequest } from './request.js'

/** The memo of a run that found nothing to do. Without it, the next run examines each entry. */
export interface UnchangedMemo {
  /** The digest of the run's inputs; BUSY for a run that had something to do. */
  readonly seen: string
  /** The report of that run, as JSON. */
  readonly report: unknown
}

/** Replaces a digest. */
export const BUSY = 'busy'

/** The inputs of a run before the run changed anything. */
export interface InputSnapshot {
  /** Identifies the runs with which it may be compared. */
  readonly place: NotePlace
  /** The memo of an earlier such run; null if there is none. */
  readonly memo: UnchangedMemo | null
  /**
   * If it is the same as before, there is nothing new to do. Null if the inputs were not examined.
   */
  readonly digest: string | null
  /** Whether every possible later change would change the digest. */
  readonly isSettled: boolean
}

/**
 * Examines the inputs of a run after its targets are locked: its directories, the records of their
 * torrents, and the request. The cache is not an input: it only provides digests faster, and an
 * unchanged run needs none. Null if the snapshot would be incomplete.
 */
export async function takeSnapshot(
  targets: readonly string[],
  request: CompleteRequest,
  context: CompleteContext,
): Promise<InputSnapshot | null> {
  if (!isAllInputs(request)) return null
  const known = knownOf(targets, request, context)
  if (known === null) return null
  const { sources } = known
  const key = JSON.stringify([sources, targets])
  const place = { stateDirectory: context.state.directory, kind: 'unchanged', key } as const
  const memo = readNote(place) as UnchangedMemo | null
  // If runs usually have something to do, the snapshot would be useless
  const look = memo?.seen === BUSY ? null : await lookAt({ ...known, targets }, request, context)
  return { place, memo, ...(look ?? { digest: null, isSettled: false }) }
}

/** Inputs of the digest in addition to the request. */
interface Known {
  readonly sources: readonly string[]
  readonly targets: readonly string[]
  readonly logs: readonly string[]
}

async function lookAt(
  { sources, targets, logs }: Known,
  request: CompleteRequest,
  context: CompleteContext,
): Promise<Pick<InputSnapshot, 'digest' | 'isSettled'> | null> {
  const { state, cacheAccess, engine } = context
  const startedNs = BigInt(Math.floor(cacheAccess.now())) * 1_000_000n
  const flat = targets.filter((target) => !sources.includes(target))
  const places = { deep: sources, flat, all: request.common.scan.all }
  const seen = await readTreeTables(places, engine.signal)
  if (seen === null) return null
  const head = [state.program, sources, targets, logs, asked(request, context)]
  return {
    digest: digestOfAll(spellOut(head), seen),
    isSettled: seen.latestNs < startedNs - RACY_NS && !seen.hasTemporary,
  }
}

/**
 * Whether a run only depends on its directories and records. Directories that patterns leave out
 * may be far larger than all others, so they are not examined.
 */
function isAllInputs({ force, dryRun, publish, common }: CompleteRequest): boolean {
  const { include, exclude } = common.scan
  return !force && !dryRun && publish.length + include.length + exclude.length === 0
}

/** Returns the real paths of the sources, and stamps of the records; null if any is missing. */
function knownOf(
  targets: readonly string[],
  { directories }: CompleteRequest,
  { state }: CompleteContext,
): { sources: string[]; logs: string[] } | null {
  try {
    const sources = directories.map(realPath).filter((path) => path !== null)
    const logs = targets.map((target) => stampOfLog(state.directory, target))
    const found = logs.filter((stamp) => stamp !== null)
    const isAll = sources.length === directories.length && found.length === logs.length
    return isAll && logs.length > 0 ? { sources, logs: found } : null
  } catch (error) {
    // The later attempt to open them reports the error
    if (error instanceof BtkitError || osCodeOf(error) !== undefined) return null
    throw error
  }
}

/** Returns the request without the date of new torrents, which alone never causes a write. */
function asked({ common, ...request }: CompleteRequest, context: CompleteContext) {
  const { cacheAccess, lazyCache } = context
  const rest = { trust: cacheAccess.trust, isCacheUsed: Boolean(lazyCache) }
  return { ...request, common: { ...common, creationDate: null }, ...rest }
}

function digestOfAll(head: string, { tables }: TreeTables): string {
  const parts = [head, ...tables].map((part) => digestOf('sha256', part))
  return digestOf('sha256', Buffer.concat(parts)).toString('hex')
}

/**
 * Spells a value so that different values always have different spellings. Supports the types of
 * options. The order of an object's keys is ignored; that of a Map's keys is not.
 * @throws TypeError for any other type, whose content is unknown: functions, symbols, dates and
 *   objects of other classes
 */
export function spellOut(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'bigint':
      return `${value}n`
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'object':
      return value === null ? 'null' : spellObject(value)
    default:
      throw new TypeError(`a ${typeof value} can't be spelled out`)
  }
}

function spellObject(value: object): string {
  if (Array.isArray(value)) return `[${Array.from(value, spellOut).join()}]`
  if (value instanceof Uint8Array) return `<${Buffer.from(value).toString('hex')}>`
  if (value instanceof Map) return `Map${spellOut([...(value as Map<unknown, unknown>)])}`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError(`${Object.prototype.toString.call(value)} can't be spelled out`)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map((entry) => entry.map(spellOut).join(':')).join()}}`
}
