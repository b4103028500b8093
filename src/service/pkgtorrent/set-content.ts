import type { SetRecord } from '../../cache/records/set.js'
import { cutIntoPieces, padFile, type Content } from '../../core/digests/content.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { formatMirrorPath } from '../mirror/mirror-path.js'
import { notFound, Refusal } from '../refusal.js'

/** The piece length of the protocol, in bytes. */
export const BLOCK_SIZE = 1024 * 1024

/**
 * What the torrent of a set is made of. That of a single file is the file; all others begin each
 * file on a piece boundary, so that its digests are the same in every set: a null file, which the
 * service itself serves, fills the piece before.
 * @throws Refusal
 */
export function setContent(
  { isSingle }: Pick<SetRecord, 'isSingle'>,
  files: readonly ScannedFile[],
  serviceName: string,
): Content {
  const [first] = files
  const isOne = isSingle && files.length === 1 && first !== undefined
  const content = isOne ? singleContent(first) : paddedContent(files, serviceName)
  if (content.size > 0) return content
  throw new Refusal('empty', 'all files are empty, and clients refuse such torrents')
}

function singleContent(file: ScannedFile): Content {
  const name = file.path.at(-1) ?? ''
  return cutIntoPieces({ name, isDirectory: false, files: [file], skipped: [] }, BLOCK_SIZE)
}

function paddedContent(files: readonly ScannedFile[], serviceName: string): Content {
  const name = sharedName(files)
  refuseShadowed(files, serviceName)
  refuseDoubles(files)
  const pads = new NullFiles(serviceName)
  const padded = files.flatMap((file, i) => {
    const entry = { ...file, path: file.path.slice(1) }
    const padding = i === files.length - 1 ? 0 : paddingAfter(file.fingerprint.size)
    return padding === 0 ? [entry] : [entry, pads.next(padding)]
  })
  return cutIntoPieces({ name, isDirectory: true, files: padded, skipped: [] }, BLOCK_SIZE)
}

/** Bytes that are missing to the end of the piece in which a file ends. */
function paddingAfter(size: number): number {
  return (BLOCK_SIZE - (size % BLOCK_SIZE)) % BLOCK_SIZE
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

function refuseDoubles(files: readonly ScannedFile[]): void {
  const seen = new Set<string>()
  for (const { path } of files) {
    const key = path.join('/')
    if (seen.has(key)) throw incompatible(path, 'is named twice')
    seen.add(key)
  }
}

/** The refusal of a file that can't be in one torrent with the others. */
function incompatible(path: readonly string[], why: string): Refusal {
  return new Refusal('incompatible', `${formatMirrorPath(path)}: ${why}`)
}
