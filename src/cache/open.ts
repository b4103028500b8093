import { accessSync, constants, existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describeOsError } from '../errors.js'
import { makeDirectory } from './directory.js'
import { failSafe } from './store/fail-safe.js'
import { FORMAT, FORMAT_KEY } from './records/format.js'
import { nullStore } from './store/null.js'
import { PieceCache } from './piece-cache.js'
import { requireFreeSpace, withinFreeSpace } from './store/disk-space.js'
import { clearMark, passesCheck, isMarkedClosed, markClosed } from './integrity/clean-mark.js'
import type { Store } from './store/store.js'

/** The name of the file in the cache's directory. */
export const CACHE_FILE = 'pieces.mdb'

export interface OpenCacheOptions {
  readonly directory: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Hears, once, why there is no cache or why it is lost. Work goes on. */
  readonly warn: (message: string) => void
}

/** A cache that holds nothing and keeps nothing. */
export function openNullCache(): PieceCache {
  return new PieceCache({ store: nullStore, now: () => 0 })
}

/** Removes the cache in a directory. Whoever has it open works on with what it was. */
export function removeCache(directory: string): void {
  const path = join(directory, CACHE_FILE)
  for (const file of [path, `${path}-lock`, `${path}-closed`, `${path}-seal`])
    rmSync(file, { force: true })
}

/** Bytes of the cache's file, or null when there is no cache in the directory. */
export function cacheSize(directory: string): number | null {
  return statSync(join(directory, CACHE_FILE), { throwIfNoEntry: false })?.size ?? null
}

/**
 * Opens the cache in a directory, creating it when there is none. One that is damaged or not ours
 * is set aside; where none can be had, one that keeps nothing takes its place.
 */
export async function openCache(options: OpenCacheOptions): Promise<PieceCache> {
  const { directory, now } = options
  const warn = once((why) => {
    options.warn(`cache ${directory}: ${why}`)
  })
  try {
    makeDirectory(directory, 0o700)
    requireFreeSpace(directory)
    const path = join(directory, CACHE_FILE)
    const store = await openStore(path, { directory, now, warn })
    if (!store) return openNullCache()
    const onFailure = (error: unknown) => {
      clearMark(path)
      warn(`no longer used: ${reasonOf(error)}`)
    }
    return new PieceCache({ store: failSafe(markingClosed(store, path), onFailure), now })
  } catch (error) {
    warn(`not used: ${reasonOf(error)}`)
    return openNullCache()
  }
}

async function openStore(path: string, options: OpenCacheOptions): Promise<Store | null> {
  const { openLmdbStore } = await import('./store/lmdb.js')
  const onFailure = (error: unknown) => {
    options.warn(`can't be written: ${reasonOf(error)}`)
  }
  if (existsSync(path)) {
    accessSync(path, constants.R_OK | constants.W_OK)
    if (!isMarkedClosed(path) && !passesCheck(path)) setAside(path, options)
  }
  const store = withinFreeSpace(openLmdbStore(path, onFailure), options.directory, onFailure)
  const format = store.get(FORMAT_KEY)?.[0]
  if (format === FORMAT) return store
  if (format === undefined && isEmpty(store)) {
    store.put(FORMAT_KEY, Buffer.of(FORMAT))
    return store
  }
  await store.close()
  if (format !== undefined && format > FORMAT) {
    options.warn('not used: a newer btkit wrote it')
    return null
  }
  setAside(path, options)
  return openStore(path, options)
}

function isEmpty(store: Store): boolean {
  for (const entry of store.entries()) return entry.key.length === 0
  return true
}

function setAside(path: string, { now, warn }: OpenCacheOptions): void {
  const aside = `${path}.damaged-${now()}`
  renameSync(path, aside)
  rmSync(`${path}-lock`, { force: true })
  warn(`damaged or not btkit's; set aside as ${basename(aside)} and begun anew`)
}

/** Marks the file as closed cleanly whenever all that was put is in it. */
function markingClosed(store: Store, path: string): Store {
  const flush = async () => {
    await store.flush()
    markClosed(path)
  }
  const close = async () => {
    await store.close()
    markClosed(path)
  }
  return { ...store, flush, close }
}

function once(act: (why: string) => void): (why: string) => void {
  let isDone = false
  return (why) => {
    if (!isDone) act(why)
    isDone = true
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? describeOsError(error) : String(error)
}
