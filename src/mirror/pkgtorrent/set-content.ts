import { sortFiles } from '../../core/digests/sort-files.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { bytesOf, cutIntoPieces, type Content } from '../../core/digests/content.js'
import { bytesMissing, padFile } from '../../core/digests/pad-files.js'
import type { Steps } from '../../core/digests/steps.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { formatBytes } from '../../text/quantity.js'
import { formatMirrorPath } from '../tree/mirror-path.js'
import { notFound, Refusal } from '../../server/answers/refusal.js'
import { MOST_V2_BYTES } from '../torrents/asked-version.js'
import type { PieceLength } from './set.js'

/** What is asked for beside the files. */
export interface WantedContent {
  /** Whether one file makes a torrent of a single file. */
  readonly isSingle: boolean
  /** v1 when absent, which is that of the protocol. */
  readonly version?: MetainfoVersion
  /** Of a single file; that of the protocol when absent, which all sets of several files have. */
  readonly pieceLength?: PieceLength
}

/** The piece length of the protocol, in bytes. */
export const BLOCK_SIZE = 1024 * 1024

/**
 * What the torrent of a set is made of. That of a single file is the file; all others begin each
 * file on a piece boundary, so that its digests are the same in every set: a null file, which the
 * service itself serves, fills the piece before. In steps, one for each file.
 * @throws Refusal
 */
export function* setContent(
  { isSingle, version = 'v1', pieceLength = BLOCK_SIZE }: WantedContent,
  files: readonly ScannedFile[],
  serviceName: string,
): Steps<Content> {
  const [first] = files
  const isOne = isSingle && files.length === 1 && first !== undefined
  const content = isOne
    ? singleContent(first, { version, pieceLength })
    : yield* paddedContent(inOrder(files, version), serviceName, version)
  if (version !== 'v1') refuseLongHashing(content)
  if (content.size > 0) return content
  throw new Refusal('empty', 'all files are empty, and clients refuse such torrents')
}

/** @throws Refusal when content of version 2 has more bytes than are hashed in one go */
export function refuseLongHashing(content: Pick<Content, 'files'>): void {
  if (bytesOf(content) <= MOST_V2_BYTES) return
  const why = `files of more than ${formatBytes(MOST_V2_BYTES)} in version 2 are not hashed here`
  throw new Refusal('incompatible', why)
}

/** The content of a torrent of one file. */
export function singleContent(
  file: ScannedFile,
  {
    version,
    pieceLength,
  }: { readonly version: MetainfoVersion; readonly pieceLength: PieceLength },
): Content {
  const name = file.path.at(-1) ?? ''
  const parts = { version, name, isDirectory: false, files: [file], skipped: [] }
  return cutIntoPieces(version === 'v1' ? parts : { ...parts, isAligned: true }, pieceLength)
}

/** The files as they were asked for, or in the order that a file tree has (BEP 52). */
function inOrder(files: readonly ScannedFile[], version: MetainfoVersion): readonly ScannedFile[] {
  return version === 'v1' ? files : sortFiles(files, { by: 'path', isDescending: false })
}

function* paddedContent(
  files: readonly ScannedFile[],
  serviceName: string,
  version: MetainfoVersion,
): Steps<Content> {
  const name = sharedName(files)
  refuseShadowed(files, serviceName)
  yield* refuseDoubles(files)
  const pads = new NullFiles(serviceName)
  const padded: ScannedFile[] = []
  for (const [i, file] of files.entries()) {
    yield
    padded.push({ ...file, path: file.path.slice(1) })
    const padding = i === files.length - 1 ? 0 : bytesMissing(file.fingerprint.size, BLOCK_SIZE)
    if (padding > 0) padded.push(pads.next(padding))
  }
  return cutIntoPieces({ version, name, isDirectory: true, files: padded, skipped: [] }, BLOCK_SIZE)
}

/** Names null files: `n` of each size counts from 0. */
class NullFiles {
  readonly #counts = new Map<number, number>()

  constructor(readonly serviceName: string) {}

  next(padding: number): ScannedFile {
    const n = this.#counts.get(padding) ?? 0
    this.#counts.set(padding, n + 1)
    return padFile([this.serviceName, 'nullfile', `${padding}_${n}`], padding)
  }
}

const COMMON = 'the files of a set need a common directory'

/** The first component of all paths, which is the torrent's name. */
function sharedName(files: readonly ScannedFile[]): string {
  const name = files[0]?.path[0] ?? ''
  for (const { path } of files) {
    if (path.length < 2) throw incompatible(path, `${COMMON} below /`)
    if (path[0] !== name) throw incompatible(path, `${COMMON}, here ${formatMirrorPath([name])}`)
  }
  return name
}

/** Under the mount the service answers itself, so that such files could not be fetched. */
function refuseShadowed(files: readonly ScannedFile[], serviceName: string): void {
  const shadowed = files.find(({ path }) => path[1] === serviceName)
  if (shadowed) throw notFound(formatMirrorPath(shadowed.path))
}

function* refuseDoubles(files: readonly ScannedFile[]): Steps<void> {
  const seen = new Set<string>()
  for (const { path } of files) {
    yield
    const key = path.join('/')
    if (seen.has(key)) throw incompatible(path, 'is named twice')
    seen.add(key)
  }
}

/** The refusal of a file that can't be in one torrent with the others. */
function incompatible(path: readonly string[], why: string): Refusal {
  return new Refusal('incompatible', `${formatMirrorPath(path)}: ${why}`)
}
