import { lstat, opendir } from 'node:fs/promises'
import type { Dirent } from 'node:fs'
import { LRUCache } from 'lru-cache'
import { isRacy } from '../../core/digests/settled.js'
import { fingerprintOf, sameFingerprint, type Fingerprint } from '../../files/fingerprint.js'
import type { ServerContext } from '../../server/context.js'

/** A name in a directory, with its kind if the directory contains that. */
export interface DirectoryEntry {
  readonly name: string
  readonly kind: 'file' | 'directory' | 'unknown'
}

type Clocks = Pick<ServerContext, 'now' | 'monotonic'>

/** A directory's entries, with its state when they were read. */
interface Listing {
  readonly entries: readonly DirectoryEntry[]
  readonly state: Fingerprint
  readonly readAt: number
}

/** Bytes of memory for listings, and for an entry beside its name. */
const MEMORY = 8 * 1024 * 1024
const ENTRY_COST = 64

/** Most milliseconds that a listing is kept, because some file systems do not date directories. */
const KEPT_FOR = 10_000

/** Entries that are read at once. */
const CHUNK = 512

/**
 * Lists directories and reads one again only after a change: repeated patterns search the same
 * names.
 */
export class DirectoryListings {
  readonly #listings = new LRUCache<string, Listing>({
    maxSize: MEMORY,
    sizeCalculation: ({ entries }) => {
      return entries.reduce((sum, { name }) => sum + ENTRY_COST + 2 * name.length, ENTRY_COST)
    },
  })

  constructor(private readonly parts: Clocks) {}

  /** The entries of the directory at a real path, in any order. Throws the system's errors. */
  async *entries(path: string): AsyncGenerator<readonly DirectoryEntry[]> {
    const [readAt, startedMs] = [this.parts.monotonic(), this.parts.now()]
    const state = await stateOf(path)
    const known = this.#listings.get(path)
    if (known && sameFingerprint(known.state, state) && readAt - known.readAt < KEPT_FOR) {
      yield known.entries
      return
    }
    const entries = new KeptEntries()
    for await (const chunk of readInChunks(path)) {
      entries.add(chunk)
      yield chunk
    }
    // Not kept if it changed during the reading, or may change later without a trace
    const isSettled = !isRacy(state, startedMs, 'full')
    if (!entries.all || !isSettled || !sameFingerprint(state, await stateOf(path))) return
    this.#listings.set(path, { entries: entries.all, state, readAt })
  }
}

/** Collects entries as long as they are few enough to keep. */
class KeptEntries {
  all: DirectoryEntry[] | null = []

  add(chunk: readonly DirectoryEntry[]): void {
    if (this.all && (this.all.length + chunk.length) * ENTRY_COST > MEMORY) this.all = null
    this.all?.push(...chunk)
  }
}

async function stateOf(path: string): Promise<Fingerprint> {
  return fingerprintOf(await lstat(path, { bigint: true }))
}

/** Reads the entries of a directory, some hundreds at a time. */
export async function* readInChunks(path: string): AsyncGenerator<readonly DirectoryEntry[]> {
  let chunk: DirectoryEntry[] = []
  for await (const entry of await opendir(path, { bufferSize: CHUNK })) {
    chunk.push({ name: entry.name, kind: kindOf(entry) })
    if (chunk.length < CHUNK) continue
    yield chunk
    chunk = []
  }
  yield chunk
}

function kindOf(entry: Dirent): DirectoryEntry['kind'] {
  if (entry.isFile()) return 'file'
  return entry.isDirectory() ? 'directory' : 'unknown'
}
