import { latin1 } from '../../base/bytes.js'
import { digestLength, type BlockKey, type BlockRecord } from '../../disk/cache/records/block.js'
import type { FileColumns } from '../../disk/scan/columns.js'
import type { FileDirectory } from '../../disk/file-lists/file-store.js'
import { FINGERPRINT_LENGTH } from '../../disk/file-lists/fingerprint.js'
import {
  isSettledAt,
  traceUnknown,
  TRUSTED_LENGTH,
  type CacheAccess,
  type CacheTrust,
  type RememberingStart,
} from './cache-trust.js'
import { Buffer } from 'node:buffer'

// A record for each of very many small files would cost several times as much as to read and hash them.

/** Fewer files of a directory have records of their own. */
const LEAST = 8

/** Most files of a block, and about how many have a name that begins one. */
const MOST = 1000
const USUAL = 256

/** A file by its number in a content. */
interface Numbered {
  readonly number: number
}

/** Items of files, and the path that names their block; null for a file with a record of its own. */
export interface Group<Item> {
  readonly items: readonly Item[]
  readonly path: string | null
}

/**
 * Groups items of small files that follow each other in a directory; yields all others alone. A name
 * decides whether it begins a group, so that a new file changes one group, and not all that come later.
 * The first group of a directory is named by the directory, whatever its first file is.
 */
export function* inBlocks<Item extends Numbered>(
  files: FileColumns,
  items: Iterable<Item>,
  isSmall: (item: Item) => boolean,
): Generator<Group<Item>> {
  // So few make no group
  if (files.length < LEAST) {
    for (const item of items) yield { items: [item], path: null }
    return
  }
  let block: Item[] = []
  let directory: FileDirectory | null = null
  let isFirst = true
  for (const item of items) {
    if (!isSmall(item)) {
      yield { items: [item], path: null }
      continue
    }
    const isBelow = files.directoryAt(item.number) === directory
    if (!isBelow || block.length === MOST || beginsGroup(files, item.number)) {
      yield* asGroups(files, block, isFirst)
      block = []
      isFirst = !isBelow
    }
    directory = files.directoryAt(item.number)
    block.push(item)
  }
  yield* asGroups(files, block, isFirst)
}

function* asGroups<Item extends Numbered>(
  files: FileColumns,
  items: readonly Item[],
  isFirst: boolean,
): Generator<Group<Item>> {
  if (items.length < LEAST) {
    for (const item of items) yield { items: [item], path: null }
    return
  }
  const { number } = items[0] ?? { number: 0 }
  const path = isFirst ? files.directoryAt(number).absolute : files.absolutePathAt(number)
  yield { items, path }
}

/** Whether the name of a file begins a group. */
function beginsGroup(files: FileColumns, number: number): boolean {
  const { bytes, starts } = files.store.realNames
  let sum = 0
  const row = files.rowAt(number)
  for (let at = starts[row] ?? 0; bytes[at] !== 0; at++) sum = (31 * sum + (bytes[at] ?? 0)) >>> 0
  // The last byte alone would decide otherwise
  return (sum ^ (sum >>> 8) ^ (sum >>> 16)) % USUAL === 0
}

/** The files of a block by their names. A file is a place in the block; -1 is none. */
class Block {
  #place = 0
  #at = 0
  #byName: ReadonlyMap<string, number> | null = null

  constructor(
    private readonly of: BlockKey['of'],
    private readonly record: BlockRecord,
  ) {}

  /** Finds a file by its real name. Fastest for the one behind the last. */
  find(files: FileColumns, number: number): number {
    const { bytes, starts } = files.store.realNames
    const { names } = this.record
    const row = files.rowAt(number)
    const [from, to] = [starts[row] ?? 0, starts[row + 1] ?? 0]
    let at = from
    while (at < to && names[this.#at + at - from] === bytes[at]) at++
    if (at === to) {
      this.#at += to - from
      return this.#place++
    }
    this.#byName ??= new Map(
      latin1(names)
        .split('\0')
        .map((name, i) => [name, i]),
    )
    return this.#byName.get(bytes.toString('latin1', from, to - 1)) ?? -1
  }

  /** Whether a file is in the state in which it was read. */
  isCurrent(place: number, files: FileColumns, number: number, trust: CacheTrust): boolean {
    if (place < 0) return false
    return files.isTrusted(number, this.fingerprintAt(place), TRUSTED_LENGTH[trust])
  }

  /** The encoded fingerprint from when a file was read. */
  fingerprintAt(place: number): Uint8Array {
    const start = FINGERPRINT_LENGTH * place
    return this.record.fingerprints.subarray(start, start + FINGERPRINT_LENGTH)
  }

  digestAt(place: number): Uint8Array {
    const length = digestLength(this.of)
    return this.record.digests.subarray(length * place, length * (place + 1))
  }
}

/** Where the digests of a group of small files are kept. */
interface BlockPlace extends BlockKey {
  readonly files: FileColumns
}

/**
 * Calls `enter` with the digests of a group of small files that the cache knows. Returns the items
 * whose digests are unknown.
 */
export function recallBlock<Item extends Numbered>(
  place: BlockPlace,
  items: readonly Item[],
  cache: CacheAccess['cache'],
  trust: CacheAccess['trust'],
  enter: (item: Item, digest: Uint8Array) => void,
): readonly Item[] {
  const record = cache.get('block', place)
  if (!record) return items
  const { files, of } = place
  const block = new Block(of, record)
  return items.filter((item) => {
    const found = block.find(files, item.number)
    if (!block.isCurrent(found, files, item.number, trust)) {
      if (found >= 0) traceUnknown(files, item.number, block.fingerprintAt(found))
      return true
    }
    enter(item, block.digestAt(found))
    return false
  })
}

/** Digests that may be stored in a block, and the encoded fingerprints of their files when they were read. */
interface ToRemember<Item> {
  /** The digest of a file; null if it is unknown. */
  readonly digestOf: (item: Item) => Uint8Array | null
  readonly stateOf: (item: Item) => Uint8Array
}

/**
 * Stores the digests of a group of small files. The block keeps what it knows of unchanged files, with
 * the fingerprint from their reading.
 */
export function rememberBlock<Item extends Numbered>(
  place: BlockPlace,
  items: readonly Item[],
  start: RememberingStart & ToRemember<Item>,
): void {
  const { files, of } = place
  const { cache, trust, digestOf, stateOf } = start
  const record = cache.peek('block', place)
  const block = record && new Block(of, record)
  const names: Uint8Array[] = []
  const fingerprints: Uint8Array[] = []
  const digests: Uint8Array[] = []
  let isChanged = false
  for (const item of items) {
    const { number } = item
    const found = block?.find(files, number) ?? -1
    const isCurrent = block?.isCurrent(found, files, number, trust) ?? false
    const read = isCurrent ? null : digestOf(item)
    const isNew = read !== null && isSettledAt(files, number, start)
    if (!isNew && !isCurrent) continue
    isChanged ||= isNew
    const row = files.rowAt(number)
    names.push(files.store.realNames.slice(row, row + 1))
    fingerprints.push(block && isCurrent ? block.fingerprintAt(found) : stateOf(item))
    digests.push(read ?? block?.digestAt(found) ?? NONE)
  }
  if (!isChanged) return
  cache.put('block', place, {
    names: Buffer.concat(names),
    fingerprints: Buffer.concat(fingerprints),
    digests: Buffer.concat(digests),
  })
}

const NONE = new Uint8Array(0)
