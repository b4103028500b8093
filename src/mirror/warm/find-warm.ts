import { lstat } from 'node:fs/promises'
import { isSuspect } from '../../files/scan/read-names.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { isPlainName } from '../../metainfo/name.js'
import { IsDirectory, NotReady, Refusal } from '../../server/answers/refusal.js'
import { readInChunks, type DirectoryEntry } from '../tree/read-in-chunks.js'
import { mapConcurrently } from '../tree/map-concurrently.js'
import { childOf, isWithheld, MirrorView, toRefusal, type Mirror } from '../tree/mirror.js'
import type { PathPatterns, Places } from './path-patterns.js'

/** Most levels of directories that are searched; no mirror is that deep. */
const MAX_DEPTH = 100

/** A directory to search, with the parts of the patterns that lead to it. */
interface Place {
  readonly path: readonly string[]
  readonly places: Places
}

/** One search for the files that match patterns. */
export class WarmSearch {
  /** Directories and files that exist but cannot be read now; what was known of them stays. */
  readonly unread: (readonly string[])[] = []
  readonly #view: MirrorView

  constructor(
    private readonly mirror: Mirror,
    private readonly patterns: PathPatterns,
    private readonly signal: AbortSignal,
  ) {
    this.#view = new MirrorView(mirror)
  }

  /**
   * The files, some at a time.
   * @throws the signal's reason
   */
  async *files(): AsyncGenerator<readonly ScannedFile[]> {
    const waiting: Place[] = [{ path: [], places: this.patterns.start }]
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      yield* this.#search(next, waiting)
    }
  }

  async *#search(place: Place, waiting: Place[]): AsyncGenerator<readonly ScannedFile[]> {
    try {
      const realPath = await this.#view.directory(place.path)
      for await (const entries of readInChunks(realPath)) {
        this.signal.throwIfAborted()
        const wanted = entries.filter(({ name }) => this.#isWanted(place, name))
        const found = await mapConcurrently(wanted, (entry) => {
          return this.#look(place, entry, { realPath, waiting })
        })
        yield found.flatMap((file) => file ?? [])
      }
    } catch (error) {
      this.signal.throwIfAborted()
      const refusal = await toRefusal(error, place.path, this.mirror)
      if (refusal instanceof NotReady || !(refusal instanceof Refusal)) this.unread.push(place.path)
    }
  }

  #isWanted({ path, places }: Place, name: string): boolean {
    if (isSuspect(name) || !isPlainName(name)) return false
    if (isWithheld([...path, name], this.mirror)) return false
    return this.patterns.follow(places, name).length > 0
  }

  /** The file of an entry; null if it is none. A directory is queued. */
  async #look(
    place: Place,
    entry: DirectoryEntry,
    { realPath, waiting }: { readonly realPath: string; readonly waiting: Place[] },
  ): Promise<ScannedFile | null> {
    const path = [...place.path, entry.name]
    const kind = entry.kind === 'unknown' ? await this.#kindOf(path, realPath) : entry.kind
    if (kind === null) return null
    const places = this.patterns.follow(place.places, entry.name, kind === 'link')
    if (kind === 'file') return this.patterns.isMatch(places) ? this.#fileIfThere(path) : null
    if (this.patterns.canGoOn(places) && path.length < MAX_DEPTH) waiting.push({ path, places })
    return null
  }

  /** The kind of a name: `link` is a link to a directory; a link to a file counts as a file. */
  async #kindOf(path: readonly string[], realPath: string) {
    try {
      const stats = await lstat(childOf(realPath, path.at(-1) ?? ''))
      if (stats.isDirectory()) return 'directory'
      if (stats.isFile()) return 'file'
      if (!stats.isSymbolicLink()) return null
      await this.#view.file(path)
      return 'file'
    } catch (error) {
      return error instanceof IsDirectory ? 'link' : null
    }
  }

  async #fileIfThere(path: readonly string[]): Promise<ScannedFile | null> {
    try {
      return await this.#view.file(path)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (error instanceof NotReady) this.unread.push(path)
      return null
    }
  }
}
