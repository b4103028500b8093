import { parseTorrent, readTorrent } from '../../core/read-torrent.js'
import { splitNames } from '../../base/bytes.js'
import {
  collectBounded,
  readWhole,
  readSmallFiles,
  type LoadedPath,
} from '../../disk/look/read-bounded.js'
import { isOfKind, lstatMany, type PathState } from '../../disk/look/stat-files.js'
import { MAX_TORRENT } from '../../metainfo/sizes.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { Io } from '../io.js'
import { BtkitError } from '../../base/errors.js'
import { isUtf8 } from 'node:buffer'
import { resolve } from 'node:path'
import { constants, existsSync } from 'node:fs'
import { looksLikeMagnet } from '../../metainfo/magnet.js'
import { looksLikeUrl } from '../../metainfo/trackers.js'
import { readSwarmHash } from '../../metainfo/info-hash.js'
import type { InfoHash } from '../../metainfo/values.js'
import type { FailedFile } from '../../core/edit/files.js'
import { escapeBadBytes } from '../../base/text/escape.js'
import { clientInfoHash } from '../../core/publish/client.js'
import { torrentsAt } from '../../core/find-torrents.js'
import { isDirectory, isTrackerUrl, requireNames } from '../line/operands.js'
import type { Report } from '../output/report.js'
import { lostTorrent } from '../output/torrent-json.js'

/**
 * Reads and checks a torrent from a file, or from standard input for `-`.
 * @throws BtkitError the errors of readTorrent; messages name the torrent
 */
export async function readTorrentInput(torrent: string, { stdin }: Io): Promise<Metainfo> {
  if (torrent !== '-') return readTorrentFile(torrent)
  const name = 'standard input'
  return parseTorrent(await collectBounded(stdin, name, MAX_TORRENT), name, MAX_TORRENT)
}

/**
 * Like readTorrentInput, but reads files only. `bytes` has the file if it was read before.
 * @throws BtkitError the errors of readTorrent; messages name the torrent
 */
export function readTorrentFile(path: string, bytes?: Uint8Array): Metainfo {
  try {
    return bytes ? parseTorrent(bytes, path, MAX_TORRENT) : readTorrent(path, MAX_TORRENT)
  } catch (error) {
    throw hintAtOther(error, path)
  }
}

/** If a path is a URL, or its torrent is beside it, adds that to the error. */
function hintAtOther(error: unknown, path: string): unknown {
  if (!(error instanceof BtkitError)) return error
  if (error.code === 'not-found') return addressFault(path) ?? error
  const torrent = `${path}.torrent`
  const isOther = error.code === 'bencode' || isDirectory(path)
  if (!isOther || !existsSync(torrent)) return error
  const message = `${error.message}; did you mean ${torrent}?`
  return new BtkitError(error.code, message, { cause: error })
}

/** Names the kind of address that an argument is meant as; null for a path. */
export function addressKind(text: string): string | null {
  if (looksLikeMagnet(text)) return 'a magnet link'
  if (!looksLikeUrl(text)) return null
  return isTrackerUrl(text) ? 'a tracker' : 'a URL'
}

/** The error for an address in the place of a file; null for a path. */
function addressFault(path: string): BtkitError | null {
  const what = addressKind(path)
  if (what === null || existsSync(path)) return null
  const advice = isTrackerUrl(path) ? 'name a torrent' : 'download the torrent first'
  return new BtkitError('not-found', `${path}: ${what}, not a file; ${advice}`)
}

/**
 * Refuses an address in the place of a file, before work that begins with the file.
 * @throws BtkitError `not-found`
 */
export function refuseAddress(path: string): void {
  const fault = addressFault(path)
  if (fault) throw fault
}

/** File names from a list. */
export interface FileList {
  readonly files: readonly string[]
  /** Names that are not valid UTF-8. Decoding them would give the names of other files. */
  readonly refused: readonly FailedFile[]
}

/** The largest list in bytes. The names of a million files fit. */
const MAX_LIST = 256 * 1024 * 1024

/**
 * Reads a list of file names from a file, or from standard input for `-`; none without a list. If
 * the list contains a NUL, names end with NULs, as `find -print0` writes them. Otherwise they end
 * with newlines. Empty names are skipped.
 * @throws BtkitError `too-large`, `not-found`, `not-permitted` or `io` if the list cannot be read
 */
export async function readFileList(
  list: string | undefined,
  { stdin }: Pick<Io, 'stdin'>,
): Promise<FileList> {
  return list === undefined
    ? { files: [], refused: [] }
    : fileListIn(await readListBytes(list, { stdin }))
}

/** The bytes of a list of files, which may be long. */
export function readListBytes(list: string, { stdin }: Pick<Io, 'stdin'>): Promise<Uint8Array> {
  return readList(list, stdin, MAX_LIST)
}

/** The names in the bytes of a list. */
export function fileListIn(bytes: Uint8Array): FileList {
  const names = [...splitNames(Buffer.from(bytes))].filter((name) => name.length > 0)
  const refused = names
    .filter((name) => !isUtf8(name))
    .map((name) => {
      const file = escapeBadBytes(name)
      return { file, error: new BtkitError('bad-name', `${file}: the name is not valid UTF-8`) }
    })
  return { files: names.filter((name) => isUtf8(name)).map(String), refused }
}

/** The bytes of a list in a file, or of standard input for `-`. */
export async function readList(list: string, stdin: Io['stdin'], most: number) {
  return list === '-'
    ? collectBounded(stdin, 'standard input', most)
    : readWhole(list, most, { mayWait: true })
}

/**
 * Lists the torrents that operands name. Of a directory these are the torrents in it and below it
 * that are not listed yet. A directory without torrents is refused, and so is an address; a magnet
 * link stays if `takesMagnets`.
 * @throws BtkitError `usage` for an empty name
 */
export async function listTorrents(
  operands: readonly string[],
  { cwd }: Io,
  takesMagnets = false,
): Promise<FileList> {
  requireNames(operands, 'torrent')
  const isFile = (state: PathState | Error) => 'mode' in state && isOfKind(state, constants.S_IFREG)
  // For one alone, a thread would take longer to start
  if (operands.length > 1 && (await lstatMany(operands, undefined, cwd)).every(isFile))
    return { files: operands, refused: [] }
  const files: string[] = []
  const refused: FailedFile[] = []
  // Named twice, a torrent counts twice
  const known = { named: new Set<string>(), found: new Set<string>() }
  for (const operand of operands) {
    const fault = takesMagnets && looksLikeMagnet(operand) ? null : addressFault(operand)
    if (fault) refused.push({ file: operand, error: fault })
    if (fault) continue
    const how = isDirectory(resolve(cwd, operand)) ? 'found' : 'named'
    const { torrents, failures } = await torrentsAt([operand], cwd)
    for (const torrent of torrents) {
      const path = resolve(cwd, torrent)
      if (known.found.has(path) || (how === 'found' && known.named.has(path))) continue
      known[how].add(path)
      files.push(torrent)
    }
    for (const [file, error] of failures) refused.push({ file, error })
  }
  return { files, refused }
}

/** Reads and checks a torrent as readTorrentInput. */
export type ReadTorrent = () => Promise<Metainfo> | Metainfo

/**
 * Does work on each of the torrents that operands name, as `Report.each`. `work` also receives a
 * function that reads the torrent, and all torrents. Small ones are read several at a time. A
 * directory may be without torrents if `allowsNone`. Returns the exit status.
 * @throws BtkitError as listTorrents
 */
export async function eachTorrent(
  operands: readonly string[],
  work: (torrent: string, read: ReadTorrent, all: readonly string[]) => Promise<void>,
  report: Report,
  io: Io,
  { lost = lostTorrent, allowsNone = false, takesMagnets = false } = {},
): Promise<number> {
  const { files, refused } = await listTorrents(operands, io, takesMagnets)
  const refuse = ({ error }: FailedFile) => Promise.reject(error)
  const isWrong = ({ error }: FailedFile) =>
    !(allowsNone && error instanceof BtkitError && error.code === 'empty')
  const missed = await report.each(refused.filter(isWrong), refuse, ({ file }, error) =>
    lost(file, error),
  )
  let failed = 0
  const workOn = ([torrent, small]: LoadedPath) => {
    const isRead = small !== null && torrent !== '-'
    const read = () =>
      isRead ? readTorrentFile(torrent, small.bytes) : readTorrentInput(torrent, io)
    return work(torrent, read, files)
  }
  for await (const some of readSmallFiles(files))
    failed = (await report.each(some, workOn, ([torrent], error) => lost(torrent, error))) || failed
  return failed || missed
}

/**
 * Finds the torrent for an argument: an info hash of 40 or 64 hexadecimal digits, or a file.
 * Returns the info hash by which clients know it.
 * @throws BtkitError the errors of readTorrentFile
 */
export function findNamedTorrent(word: string): { infoHash: InfoHash; file: string | null } {
  const infoHash = readSwarmHash(word)
  if (infoHash !== null) return { infoHash, file: null }
  return { infoHash: clientInfoHash(readTorrentFile(word)), file: word }
}
