import { accessSync, constants, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describeOsError } from '../errors.js'
import { failSafe } from './fail-safe.js'
import { FORMAT, FORMAT_KEY } from './format.js'
import { nullStore } from './null-store.js'
import { PieceCache } from './piece-cache.js'
import { checkRoom, withinRoom } from './room.js'
import { breakSeal, isReadable, isSealed, sealFile } from './seal.js'
import type { Store } from './store.js'

/** The name of the file in the cache's directory. */
export const CACHE_FILE = 'pieces.mdb'

export interface CacheOptions {
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
  for (const file of [path, `${path}-lock`, `${path}-seal`]) rmSync(file, { force: true })
}

/** Bytes of the cache's file, or null when there is no cache in the directory. */
export function cacheSize(directory: string): number | null {
  return statSync(join(directory, CACHE_FILE), { throwIfNoEntry: false })?.size ?? null
}

/**
 * Opens the cache in a directory, creating it when there is none. One that is damaged or not ours
 * is set aside; where none can be had, one that keeps nothing takes its place.
 */
export async function openCache(options: CacheOptions): Promise<PieceCache> {
  const { directory, now } = options
  const warn = once((why) => {
    options.warn(`cache ${directory}: ${why}`)
  })
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    checkRoom(directory)
    const path = join(directory, CACHE_FILE)
    const store = await openStore(path, { directory, now, warn })
    if (!store) return openNullCache()
    const onFailure = (error: unknown) => {
      breakSeal(path)
      warn(`no longer used: ${reasonOf(error)}`)
    }
    return new PieceCache({ store: failSafe(sealing(store, path), onFailure), now })
  } catch (error) {
    warn(`not used: ${reasonOf(error)}`)
    return openNullCache()
  }
}

async function openStore(path: string, options: CacheOptions): Promise<Store | null> {
  const { openLmdbStore } = await import('./lmdb-store.js')
  const onFailure = (error: unknown) => {
    options.warn(`can't be written: ${reasonOf(error)}`)
  }
  if (existsSync(path)) {
    accessSync(path, constants.R_OK | constants.W_OK)
    if (!isSealed(path) && !isReadable(path)) setAside(path, options)
  }
  const store = withinRoom(openLmdbStore(path, onFailure), options.directory, onFailure)
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

function setAside(path: string, { now, warn }: CacheOptions): void {
  const aside = `${path}.damaged-${now()}`
  renameSync(path, aside)
  rmSync(`${path}-lock`, { force: true })
  warn(`damaged or not btkit's; set aside as ${basename(aside)} and begun anew`)
}

/** Seals the file whenever all that was put is in it. */
function sealing(store: Store, path: string): Store {
  const flush = async () => {
    await store.flush()
    sealFile(path)
  }
  const close = async () => {
    await store.close()
    sealFile(path)
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
