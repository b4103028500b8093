import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { isSuspect } from '../../files/scan/read-names.js'
import { isPlainName } from '../../metainfo/name.js'
import type { TimeSlices } from '../admission/time-slices.js'
import { readInChunks, type DirectoryEntry } from '../tree/directory-listings.js'
import { mapConcurrently } from '../tree/map-concurrently.js'
import { formatMirrorPath } from '../tree/mirror-path.js'
import { isWithheld, MirrorView, toRefusal, type Mirror } from '../tree/mirror.js'
import { IsDirectory, NotReady, Refusal } from '../../server/answers/refusal.js'
import type { DirectoryWatches } from './directory-watches.js'
import type { PathPatterns, Places } from './path-patterns.js'
import { keyOf, type WarmFile } from './warm-file.js'
import { MAX_FILES, type WarmFiles } from './warm-files.js'
import type { ServerContext } from '../../server/context.js'

/** Most levels of directories that are searched; no mirror is that deep. */
const MAX_DEPTH = 100

export interface WarmTreeParts extends Pick<ServerContext, 'warn'> {
  readonly mirror: Mirror
  readonly patterns: PathPatterns
  readonly files: WarmFiles
  readonly watches: DirectoryWatches
  readonly slices: TimeSlices
  /** Aborts when the service stops. */
  readonly signal: AbortSignal
  /** Receives new and changed files. */
  readonly onFile: (file: WarmFile) => void
  /** Receives the paths of removed files. */
  readonly onGone: (path: readonly string[]) => void
}

/** Entries processed at once: about a millisecond's work. */
const LOT = 64

/** A directory that may contain matching files, with its matching files and subdirectories. */
interface KnownDirectory {
  readonly path: readonly string[]
  readonly places: Places
  readonly files: Set<string>
  readonly directories: Set<string>
}

/** Finds the files that match the patterns and follows their changes. */
export class WarmTree {
  readonly #known = new Map<string, KnownDirectory>()
  #isTold = false

  constructor(private readonly parts: WarmTreeParts) {}

  /**
   * Searches everything. Directories that cannot be read now, for example because the root is
   * missing, keep their last state.
   */
  async scan(): Promise<void> {
    await this.#scanBelow(this.#know([], this.parts.patterns.start))
  }

  /** Looks up names in a directory, or searches all of it, after a change. */
  async look(directory: string, names: ReadonlySet<string> | null): Promise<void> {
    const known = this.#known.get(directory)
    if (!known) return
    if (names === null) return this.#scanBelow(known)
    const view = new MirrorView(this.parts.mirror)
    const entries = Array.from(names, (name): DirectoryEntry => ({ name, kind: 'unknown' }))
    const found = await this.#lookAt(known, entries, view)
    for (const name of names) if (!found.names.has(name)) this.#forget(known, name)
    for (const below of found.directories) await this.#scanBelow(below)
  }

  #know(path: readonly string[], places: Places): KnownDirectory {
    const known = this.#known.get(keyOf(path))
    if (known && known.places.join() === places.join()) return known
    const anew = { path, places, files: new Set<string>(), directories: new Set<string>() }
    this.#known.set(keyOf(path), anew)
    return anew
  }

  async #scanBelow(top: KnownDirectory): Promise<void> {
    const view = new MirrorView(this.parts.mirror)
    const waiting = [top]
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      waiting.push(...(await this.#scanOne(next, view)))
    }
  }

  /** Searches one directory; returns its subdirectories to search. */
  async #scanOne(known: KnownDirectory, view: MirrorView): Promise<KnownDirectory[]> {
    const { watches, slices, signal, mirror } = this.parts
    const names = new Set<string>()
    const directories: KnownDirectory[] = []
    let end = slices.endOfSlice()
    try {
      const realPath = await view.directory(known.path)
      // From now on, events report changes
      watches.add(keyOf(known.path), realPath)
      for await (const entries of readInLots(realPath)) {
        signal.throwIfAborted()
        const found = await this.#lookAt(known, entries, view)
        for (const name of found.names) names.add(name)
        directories.push(...found.directories)
        if (!slices.isOver(end)) continue
        await slices.next()
        end = slices.endOfSlice()
      }
    } catch (error) {
      signal.throwIfAborted()
      const refusal = await toRefusal(error, known.path, mirror)
      if (refusal instanceof NotReady || !(refusal instanceof Refusal)) return []
    }
    for (const name of [...known.files, ...known.directories]) {
      if (!names.has(name)) this.#forget(known, name)
    }
    return directories
  }

  /** Looks up entries of a directory. Returns the names that count, and directories to search. */
  async #lookAt(known: KnownDirectory, entries: readonly DirectoryEntry[], view: MirrorView) {
    const names = new Set<string>()
    const directories: KnownDirectory[] = []
    const wanted = entries.filter(({ name }) => this.#isWanted(known, name))
    await mapConcurrently(wanted, async (entry) => {
      const kind = await this.#kindOf(known, entry, view)
      if (kind === null) return
      const places = this.parts.patterns.follow(known.places, entry.name, kind === 'link')
      const path = [...known.path, entry.name]
      if (kind === 'file' && this.parts.patterns.isMatch(places)) {
        if (await this.#noteFile(path, view)) names.add(entry.name)
        known.files.add(entry.name)
      } else if (kind !== 'file' && this.parts.patterns.canGoOn(places)) {
        if (path.length < MAX_DEPTH) directories.push(this.#know(path, places))
        names.add(entry.name)
        known.directories.add(entry.name)
      }
    })
    return { names, directories }
  }

  #isWanted({ path, places }: KnownDirectory, name: string): boolean {
    const { patterns, mirror } = this.parts
    if (isSuspect(name) || !isPlainName(name) || isWithheld([...path, name], mirror)) return false
    return patterns.follow(places, name).length > 0
  }

  /** The kind of a name: `link` is a link to a directory; a link to a file counts as a file. */
  async #kindOf(known: KnownDirectory, { name, kind }: DirectoryEntry, view: MirrorView) {
    if (kind !== 'unknown') return kind
    try {
      const stats = await lstat(join(await view.directory(known.path), name))
      if (stats.isDirectory()) return 'directory'
      if (stats.isFile()) return 'file'
      if (!stats.isSymbolicLink()) return null
      await view.file([...known.path, name])
      return 'file'
    } catch (error) {
      return error instanceof IsDirectory ? 'link' : null
    }
  }

  /** Records a file; returns whether a readable file exists. */
  async #noteFile(path: readonly string[], view: MirrorView): Promise<boolean> {
    const { files, onFile } = this.parts
    try {
      const file = await view.file(path)
      if (files.size >= MAX_FILES && !files.get(path)) {
        this.#tellTooMany(path)
        return false
      }
      if (files.note(file)) {
        const noted = files.get(path)
        if (noted) onFile(noted)
      }
      return true
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return error instanceof NotReady
    }
  }

  #tellTooMany(path: readonly string[]): void {
    if (this.#isTold) return
    this.#isTold = true
    const what = `more than ${MAX_FILES} files match`
    this.parts.warn(
      `--warm: ${what}: ${formatMirrorPath(path)} and others are left out; use narrower patterns`,
    )
  }

  /** Forgets a name in a directory, and everything below it. */
  #forget(known: KnownDirectory, name: string): void {
    const path = [...known.path, name]
    if (known.files.delete(name)) {
      this.parts.files.forget(path)
      this.parts.onGone(path)
    }
    if (!known.directories.delete(name)) return
    const below = this.#known.get(keyOf(path))
    this.#known.delete(keyOf(path))
    this.parts.watches.remove(keyOf(path))
    if (!below) return
    for (const each of [...below.files, ...below.directories]) this.#forget(below, each)
  }
}

async function* readInLots(realPath: string): AsyncGenerator<readonly DirectoryEntry[]> {
  for await (const entries of readInChunks(realPath)) {
    for (let at = 0; at < entries.length; at += LOT) yield entries.slice(at, at + LOT)
  }
}
