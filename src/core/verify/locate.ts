import { join } from 'node:path'
import { BtkitError } from '../../base/errors.js'
import { FileColumns } from '../../disk/file-lists/columns.js'
import { FileStore } from '../../disk/file-lists/file-store.js'
import { InsideResolver, type InsideRules, type Resolved } from '../../disk/look/inside.js'
import { padFile, type FileState } from '../../disk/file-lists/scanned-file.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import { padPath } from '../../metainfo/name.js'
import { streamedFiles } from '../../metainfo/streamed-files.js'
import { isRaw } from '../../base/text/raw-path.js'
import { fileAddress, looksLikeUrl } from '../../metainfo/trackers.js'
import type { CutFiles } from '../digests/content.js'
import type { HashGroups } from '../digests/hash-groups.js'
import type { RemoteFault, RemoteFile } from '../remote/remote-file.js'
import type { Interval } from './pieces.js'

/** The content of a torrent, wherever its files are. Some may be absent. */
export interface LocatedContent extends CutFiles {
  /**
   * The files of the stream, each with the length that the torrent says. Padding stands for a file
   * that is absent.
   */
  readonly files: FileColumns
  /** The files that are not there with their length, by number. */
  readonly odd: ReadonlyMap<number, OddFile>
  /** Whether all names are UTF-8. Others are in no cache. */
  readonly isUtf8: boolean
  /**
   * The directory of a torrent with several files; null for a single file, or if it does not exist.
   */
  readonly directory: string | null
  readonly place: DataPlace
  /** Reads the files if they are at URLs; absent for files on a disk. */
  readonly source?: ContentSource
  /** The files of a web seed, as its server described them, by their URLs. */
  readonly known?: ReadonlyMap<string, RemoteFile>
}

/** Reads content that is on no disk. */
export interface ContentSource {
  readonly hash: HashGroups
  /** Why files could not be read, by their numbers. */
  readonly faults: ReadonlyMap<number, RemoteFault>
}

/** A file of a torrent that is not there with its length, and the entry in its place. */
export interface OddFile {
  readonly file: MetainfoFile
  readonly found: Resolved
}

/** The path or URL of a torrent's files. */
export interface DataPlace {
  readonly path: string
  /** Whether this is the path of the single file, instead of the directory above the files. */
  readonly isFile: boolean
}

/** Where the content of a torrent is looked for. */
export interface Whereabouts extends InsideRules {
  /** The content, or the directory that contains it under the torrent's name. */
  readonly path: string
  /**
   * Whether `path` contains the content; false if it is the content, undefined if it may be both.
   */
  readonly byName?: boolean | undefined
}

/** Returns the path or URL at which a file of a torrent is looked for. */
export function pathIn({ path, isFile }: DataPlace, below: readonly string[]): string {
  if (isFile) return path
  return looksLikeUrl(path) ? fileAddress(path, below) : join(path, ...below)
}

/**
 * Looks for the files of a torrent, and opens none. Never holds up the event loop for long. If
 * `path` may be the content and may contain it, the place counts where more files have their size;
 * if there is none, that by the torrent's name.
 *
 * @throws BtkitError `unsafe-path` if the torrent's name is a link that leads out of `path`, `io`
 *   for a file instead of a directory, and as InsideResolver
 */
export async function locateContent(
  metainfo: Metainfo,
  { path, byName, ...rules }: Whereabouts,
): Promise<LocatedContent> {
  const { name, isDirectory } = metainfo
  const inside = new InsideResolver(path, rules)
  const root = inside.resolve([])
  if (root.kind !== 'directory') {
    if (isDirectory)
      throw new BtkitError('io', `${path}: not a directory, but the torrent is of a directory`)
    const placing = new Placing()
    for (const file of streamedFiles(metainfo)) placing.add(file, root)
    return placing.end(metainfo, { path, isFile: true })
  }
  const itself = () => findBelow(inside, [], metainfo)
  if (!isDirectory || byName === false) return itself()
  const { kind } = inside.resolve([name])
  if (kind !== 'directory' && kind !== 'outside' && byName === undefined) {
    const content = await itself()
    const { files } = content
    const isNothing = files.findIndex((i) => files.isRead(i)) < 0
    return isNothing
      ? { ...content, place: { path: join(inside.root, name), isFile: false } }
      : content
  }
  const named = await findBelow(inside, [name], metainfo)
  if (byName === undefined && named.odd.size > 0) {
    const other = await itself()
    if (other.odd.size < named.odd.size) return other
  }
  if (kind !== 'outside') return named
  throw new BtkitError(
    'unsafe-path',
    `${named.place.path}: is a link that leads out of ${path}; --follow-symlinks allows that`,
  )
}

/** Files that are looked at together. */
const AT_ONCE = 512

/** Looks for files below some components of a directory. */
async function findBelow(
  inside: InsideResolver,
  above: readonly string[],
  metainfo: Metainfo,
): Promise<LocatedContent> {
  const path = above.length > 0 ? join(inside.root, ...above) : inside.root
  const placing = new Placing()
  let some: MetainfoFile[] = []
  const placeSome = async () => {
    const isLooked = ({ padding, symlinkPath }: MetainfoFile) => !padding && !symlinkPath
    const paths = some.filter(isLooked).map((file) => above.concat(file.path))
    const found = (await inside.resolveAll(paths)).values()
    for (const file of some) {
      const { path, symlinkPath } = file
      const link = symlinkPath && inside.resolveLink(above, path, symlinkPath)
      placing.add(file, isLooked(file) ? found.next().value : link)
    }
    some = []
  }
  for (const file of streamedFiles(metainfo)) if (some.push(file) === AT_ONCE) await placeSome()
  await placeSome()
  const isThere = metainfo.isDirectory && inside.resolve(above).kind === 'directory'
  const directory = isThere ? path : null
  return { ...placing.end(metainfo, { path, isFile: false }), directory }
}

const MISSING: Resolved = { kind: 'missing' }

/** Puts the files of a stream one after the other, each with the entry in its place. */
export class Placing {
  readonly #store = new FileStore()
  readonly #rows: number[] = []
  readonly #odd = new Map<number, OddFile>()
  #isUtf8 = true

  add(file: MetainfoFile, found: Resolved = MISSING): void {
    const { padding, length, symlinkPath } = file
    const isFile = !padding && found.kind === 'file'
    const isSized = isFile && !symlinkPath && found.fingerprint.size === length
    if (!padding && !isSized) this.#odd.set(this.#rows.length, { file, found })
    const isThere = isFile || symlinkPath !== undefined
    this.#rows.push(isThere ? this.#addFile(file, found) : this.#store.padOf(length, padPath))
  }

  /** Adds a file as it is in other content. */
  copy({ files, odd, isUtf8 }: LocatedContent, number: number): void {
    const { realNames: names, states: table } = files.store
    const [row, length, file] = [files.rowAt(number), files.sizeAt(number), odd.get(number)]
    if (file) this.#odd.set(this.#rows.length, file)
    this.#isUtf8 &&= isUtf8
    if (files.isPad(number)) {
      this.#rows.push(this.#store.padOf(length, padPath))
    } else {
      this.#store.addListed(files.directoryAt(number), { names, table }, [row, row + 1])
      this.#rows.push(this.#store.length - 1)
    }
  }

  /** Adds a file, or a link, which need not lead to one. */
  #addFile({ path, length, attr, symlinkPath }: MetainfoFile, found: Resolved): number {
    const absolutePath = found.kind === 'file' ? found.path : path.join('/')
    this.#isUtf8 &&= !isRaw(absolutePath)
    const before = found.kind === 'file' ? found.fingerprint : padFile(path, length).fingerprint
    const fingerprint = before.size === length ? before : { ...before, size: length }
    const attributes = attr === '' ? {} : { attributes: attr }
    const link = symlinkPath ? { symlinkPath } : {}
    return this.#store.add({ path, absolutePath, fingerprint, ...attributes, ...link })
  }

  end(
    { version, name, pieceLength }: Pick<Metainfo, 'version' | 'name' | 'pieceLength'>,
    place: DataPlace,
  ): LocatedContent {
    const files = new FileColumns(this.#store, Uint32Array.from(this.#rows))
    const { size } = files
    return {
      version,
      name,
      files,
      odd: this.#odd,
      isUtf8: this.#isUtf8,
      size,
      pieceLength,
      pieceCount: Math.ceil(size / pieceLength),
      directory: null,
      place,
    }
  }
}

/** Returns the range of a file in the stream. */
export function stretchOf(
  { files: { offsets } }: Pick<LocatedContent, 'files'>,
  number: number,
): Interval {
  return [offsets[number] ?? 0, offsets[number + 1] ?? 0]
}

/** Returns a file of a scan as one that was found. */
export function foundAt({ absolutePath, fingerprint }: FileState): Resolved {
  return { kind: 'file', path: absolutePath, fingerprint }
}

/** Returns the states of a content's files for seeding; null for pad files and empty ones. */
export function statesOf({ files }: LocatedContent): (FileState | null)[] {
  return Array.from(files, ({ absolutePath, fingerprint }) => {
    return absolutePath === '' || fingerprint.size === 0 ? null : { absolutePath, fingerprint }
  })
}
