import { textOf } from '../../base/bytes.js'
import { BtkitError } from '../../base/errors.js'
import { shownUrl } from '../../base/text/secrets.js'
import type { PieceCache } from '../../disk/cache/piece-cache.js'
import { digestName, readNote, writeNote } from '../../disk/state/notes.js'
import type { StatedFile } from '../make/stated-content.js'
import { checksumsOf } from '../make/streamed-file.js'
import {
  addressIn,
  fetchIfChanged,
  fileOf,
  FileQuestions,
  readList,
  type FetchedList,
} from './remote-content.js'
import { KeptConnections } from './range-connection.js'
import { guardWay } from './redirect-guard.js'
import { RemoteFault, type RemoteAccess, type RemoteFile } from './remote-file.js'
import type { RemoteEntry } from './remote-list.js'

// Without the note of this file each run would ask for each file of a list.

/** A file of a list. */
interface ListedFile {
  readonly entry: RemoteEntry
  readonly url: string
  /** All that the list says of its bytes; null if it says nothing, so that they may be others. */
  readonly mark: string | null
  /** The state in which its server had it; null if that is unknown. */
  found: RemoteFile | null
  /** Whether this run asked for it. */
  isAsked: boolean
  /** Why the server does not have it. */
  fault: BtkitError | null
  /** Why its bytes in this state are not those of the list; null if that is not known. */
  refused: { readonly state: string; readonly why: string } | null
}

/** A file in a note: all that its list says, its state, and why its bytes were refused. */
type NotedFile = readonly [mark: string, found: RemoteFile, why?: string]

/** A list as the next run finds it in its note. */
interface Note {
  readonly tag: string | null
  readonly text: string
  /** The files whose states the list tells, each with its mark, by path. */
  readonly files: ReadonlyMap<string, NotedFile>
}

/**
 * The files that a list at a URL names. A note has what was known of them when the list was read
 * last: with an unchanged list, nothing is asked for but whether it changed.
 */
export class RemoteDirectory {
  readonly #files = new Map<string, ListedFile>()
  /** Of the origins of files that lie elsewhere, whether the list may lead there. */
  readonly #guards = new Map<string, Promise<BtkitError | null>>()
  readonly #access: RemoteAccess
  readonly #questions: FileQuestions
  #isScattered: boolean | null = null
  /**
   * Whether the server lacks a file that was asked for. Then the list may be a part of one, or a
   * text that is none, and says nothing of the files that it does not name.
   */
  isDoubtful = false

  private constructor(
    readonly url: string,
    private readonly list: FetchedList,
    before: Note | null,
    private readonly source: RemoteSource,
  ) {
    const { access } = source
    this.#access = { ...access, kept: new KeptConnections(access.signal) }
    this.#questions = new FileQuestions(this.#access, source.cache)
    for (const entry of list.entries) {
      const address = addressIn(list.base, entry)
      // A list is as it was when it says the same
      const mark = address === url ? digestName(list.text) : markOf(entry, address)
      const [markBefore, found = null, why] = before?.files.get(entry.path) ?? []
      const known = mark !== null && markBefore === mark ? found : null
      const state = known && why !== undefined ? this.#stateOf(entry, known) : null
      const refused = state !== null && why !== undefined ? { state, why } : null
      const rest = { mark, found: known, isAsked: false, fault: null, refused }
      this.#files.set(entry.path, { entry, url: address, ...rest })
    }
  }

  /**
   * Opens the list at a URL.
   * @throws BtkitError as fetchList
   */
  static async open(url: string, source: RemoteSource): Promise<RemoteDirectory> {
    const before = noteIn(readNote(placeOf(url, source)))
    const known = before && readKnown(before, url)
    const changed = await fetchIfChanged(url, source.access, { tag: known?.tag ?? null })
    const list = changed ?? known
    if (!list) throw new RemoteFault(url, 'status', 'HTTP status 304')
    return new RemoteDirectory(url, list, before, source)
  }

  /** A list that its server does not have any more: it names no file. */
  static gone(url: string, source: RemoteSource): RemoteDirectory {
    const list = { entries: [], base: new URL('.', url).href, text: '', tag: null }
    return new RemoteDirectory(url, list, null, source)
  }

  /** The address of the directory of the files. */
  get base(): string {
    return this.list.base
  }

  /** Whether files lie elsewhere than at their paths below the base. */
  get isScattered(): boolean {
    // Each directory of the list asks
    return (this.#isScattered ??= [...this.#files.values()].some(({ entry, url }) => {
      return url !== addressIn(this.base, entry, true)
    }))
  }

  /** The paths of all files, in their order in the list. */
  get paths(): string[] {
    return [...this.#files.keys()]
  }

  /** The address of a file. */
  addressOf(path: string): string {
    return this.#files.get(path)?.url ?? ''
  }

  /** Whether the state of a file is known without a question. */
  isKnown(path: string): boolean {
    const { found = null, refused = null } = this.#files.get(path) ?? {}
    return found !== null && refused === null
  }

  /** Records why the bytes of a file are not those of the list: it is not read again. */
  refuse(path: string, why: string): void {
    const file = this.#files.get(path)
    const state = file?.found && this.#stateOf(file.entry, file.found)
    if (file && state) file.refused = { state, why }
  }

  #stateOf(entry: RemoteEntry, found: RemoteFile): string | null {
    return fileOf(found, entry, this.#access).state ?? null
  }

  /** Asks for the states of files, unless that was done. A failure is the fault of the file. */
  async ask(paths: readonly string[]): Promise<void> {
    const asked = paths.map(async (path) => {
      const file = this.#files.get(path)
      if (!file || file.isAsked) return
      file.isAsked = true
      try {
        file.found = null
        const fault = await this.#guard(file.url)
        if (fault) throw fault
        const { entry, refused } = file
        const { found } = await this.#questions.ask(file.url, entry)
        file.found = found
        const isSame = refused !== null && refused.state === this.#stateOf(entry, found)
        if (isSame) file.fault = new BtkitError('changed', refused.why)
        else file.refused = null
      } catch (error) {
        if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
        file.fault = error
        if (error.code === 'not-found') this.isDoubtful = true
      }
    })
    await Promise.all(asked)
  }

  /**
   * Returns a file as content, if its state is known.
   * @throws BtkitError its fault
   */
  fileAt(path: string): StatedFile {
    const file = this.#files.get(path)
    if (!file) throw new BtkitError('not-found', `${path}: is not in the list`)
    if (file.fault) throw file.fault
    const { entry, url, found } = file
    const streamed = found && fileOf(found, entry, this.#access)
    const { length, state } = streamed ?? {}
    if (!streamed || length === undefined || state === undefined)
      throw new BtkitError('io', `${shownUrl(url)}: ${NO_STATE}`)
    return { ...streamed, length, state }
  }

  /** Notes what is known for the next run. */
  note(): void {
    const files = Array.from(this.#files, ([path, { mark, found, refused }]) => {
      if (mark === null || found === null) return []
      const noted: NotedFile = refused ? [mark, found, refused.why] : [mark, found]
      return [[path, noted] as const]
    })
    const { tag, text } = this.list
    const note = { tag, text, files: files.flat() }
    writeNote(placeOf(this.url, this.source), text === '' ? null : note)
  }

  /** Why a list must not lead to the server of a file; null if it may. */
  #guard(url: string): Promise<BtkitError | null> {
    const [from, to] = [new URL(this.url), new URL(url)]
    if (from.origin === to.origin) return Promise.resolve(null)
    const known = this.#guards.get(to.origin)
    const asking =
      known ??
      guardWay(from, to, { how: `${shownUrl(this.url)} leads` }).then(
        () => null,
        (cause: unknown) => {
          const detail = cause instanceof Error ? cause.message : String(cause)
          return new RemoteFault(url, 'redirects', detail, { cause })
        },
      )
    this.#guards.set(to.origin, asking)
    return asking
  }
}

/** How a list is read, and where it is noted. */
export interface RemoteSource {
  readonly access: RemoteAccess
  /** Without one, nothing will be read. */
  readonly cache: PieceCache | null
  readonly stateDirectory: string
}

const NO_STATE =
  'the server tells no state (Content-Length, and ETag or Last-Modified), and the list no checksum'

/** A text of all that a list says of a file; null if it says nothing of the bytes. */
function markOf(entry: RemoteEntry, url: string): string | null {
  const sums = checksumsOf(entry).map(({ digest }) => textOf(digest, 'hex'))
  if (sums.length === 0 && entry.version === undefined) return null
  return [...sums, entry.version ?? '', url].join(' ')
}

function placeOf(url: string, { stateDirectory }: Pick<RemoteSource, 'stateDirectory'>) {
  return { stateDirectory, kind: 'listed', key: url } as const
}

/** The text of a record's place: the address of the list, without what may be a secret in it. */
export function identityOf(url: string): string {
  const shown = shownUrl(url)
  return shown === url ? `${url}#` : `${shown}#${digestName(url)}`
}

function noteIn(value: unknown): Note | null {
  const { tag, text, files } = (value ?? {}) as Partial<Record<keyof Note, unknown>>
  const isTag = tag === null || typeof tag === 'string'
  if (!isTag || typeof text !== 'string' || !Array.isArray(files)) return null
  return { tag, text, files: new Map(files.filter(isNoted)) }
}

function isNoted(value: unknown): value is [string, NotedFile] {
  const [path, [mark, found, why = ''] = []] = (value ?? []) as [unknown, unknown[]?]
  const { url, size } = (found ?? {}) as Partial<Record<keyof RemoteFile, unknown>>
  if (typeof why !== 'string') return false
  return [path, mark, url].every((each) => typeof each === 'string') && typeof size === 'number'
}

/** The list of a note; null if the server must send it. */
function readKnown({ tag, text }: Note, url: string): FetchedList | null {
  try {
    return tag === null ? null : { ...readList(Buffer.from(text), url), tag }
  } catch {
    return null
  }
}
