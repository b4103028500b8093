import { parseTorrent, readTorrent } from '../../core/read-torrent.js'
import { collectBounded, readBounded } from '../../files/read-bounded.js'
import { readNames } from '../../files/scan/read-names.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { Io } from '../io.js'
import { BtkitError, callSystem, valueOr } from '../../errors.js'
import { inShell } from '../../text/escape.js'
import { isUtf8 } from 'node:buffer'
import { existsSync } from 'node:fs'
import { looksLikeUrl } from '../../metainfo/trackers.js'
import { readSwarmHash } from '../../metainfo/info-hash.js'
import type { InfoHash } from '../../metainfo/values.js'
import type { FailedFile } from '../../core/edit/files.js'
import { escapeBadBytes } from '../../text/escape.js'
import { clientInfoHash } from '../../core/publish/client.js'
import { isDirectory } from '../line/operands.js'

/**
 * Reads and checks a torrent of at most `maxSize` bytes from a file, or from standard input for
 * `-`.
 * @throws BtkitError the errors of readTorrent; messages name the torrent
 */
export async function readTorrentInput(
  torrent: string,
  maxSize: number,
  { stdin }: Io,
): Promise<Metainfo> {
  if (torrent !== '-') return readTorrentFile(torrent, maxSize)
  const name = 'standard input'
  try {
    return parseTorrent(await collectBounded(stdin, name, maxSize), name, maxSize)
  } catch (error) {
    throw hintAtMaxSize(error)
  }
}

/**
 * Reads a torrent, for commands that read many torrents. For a directory, the error says how to
 * name its torrents.
 */
export async function readTorrentOperand(
  ...operand: Parameters<typeof readTorrentInput>
): Promise<Metainfo> {
  try {
    return await readTorrentInput(...operand)
  } catch (error) {
    throw hintAtDirectory(error)
  }
}

/** If a directory was given for a torrent, adds to the error how to name its torrents. */
export function hintAtDirectory(error: unknown): unknown {
  const [, directory] =
    error instanceof BtkitError ? (/^(.*?)\/?: is a directory$/s.exec(error.message) ?? []) : []
  if (!(error instanceof BtkitError) || directory === undefined) return error
  const names = valueOr([], () => callSystem(directory, () => readNames(directory)))
  if (names.length > 0 && !names.some((name) => name.endsWith('.torrent')))
    return withHint(
      error,
      ` without torrents; to make its torrent: btkit create ${inShell(directory)}`,
    )
  return withHint(error, `; ${howToNameTorrents(directory)}`)
}

/** How to name the torrents of a directory that was given in their place. */
export function howToNameTorrents(directory: string): string {
  return `give its torrents: ${directory.replace(/\/+$/, '')}/*.torrent`
}

/**
 * Like readTorrentInput, but reads files only.
 * @throws BtkitError the errors of readTorrent; messages name the torrent
 */
export function readTorrentFile(path: string, maxSize: number): Metainfo {
  try {
    return readTorrent(path, maxSize)
  } catch (error) {
    throw hintAtOther(hintAtMaxSize(error), path)
  }
}

/** If a path is a URL, or its torrent is beside it, adds that to the error. */
function hintAtOther(error: unknown, path: string): unknown {
  if (!(error instanceof BtkitError)) return error
  const isMagnet = path.startsWith('magnet:')
  if (error.code === 'not-found' && (isMagnet || looksLikeUrl(path))) {
    const what = isMagnet ? 'a magnet link' : 'a URL'
    const reason = `${path}: ${what}, not a file; download the torrent first`
    return new BtkitError(error.code, reason, { cause: error })
  }
  const torrent = `${path}.torrent`
  const isOther = error.code === 'bencode' || isDirectory(path)
  if (!isOther || !existsSync(torrent)) return error
  return withHint(error, `; did you mean ${torrent}?`)
}

function withHint(error: BtkitError, hint: string): BtkitError {
  return new BtkitError(error.code, error.message + hint, { cause: error })
}

/** File names from a list. */
export interface FileList {
  readonly files: readonly string[]
  /** Names that are not valid UTF-8. Decoding them would give the names of other files. */
  readonly refused: readonly FailedFile[]
}

/** The largest list in bytes. The names of a million files fit. */
const MAX_LIST = 256 * 1024 * 1024

const NUL = 0x00
const NEWLINE = 0x0a

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
  if (list === undefined) return { files: [], refused: [] }
  const bytes =
    list === '-'
      ? await collectBounded(stdin, 'standard input', MAX_LIST)
      : readBounded(list, MAX_LIST)
  const names = split(Buffer.from(bytes)).filter((name) => name.length > 0)
  return {
    files: names.filter((name) => isUtf8(name)).map((name) => name.toString()),
    refused: names.filter((name) => !isUtf8(name)).map((name) => refuse(escapeBadBytes(name))),
  }
}

function refuse(file: string): FailedFile {
  return { file, error: new BtkitError('bad-name', `${file}: the name is not valid UTF-8`) }
}

function split(bytes: Buffer): Buffer[] {
  const end = bytes.includes(NUL) ? NUL : NEWLINE
  const names: Buffer[] = []
  let from = 0
  for (let to = bytes.indexOf(end); to >= 0; to = bytes.indexOf(end, from)) {
    names.push(bytes.subarray(from, to))
    from = to + 1
  }
  return [...names, bytes.subarray(from)]
}

/** A torrent named on the command line. */
export interface NamedTorrent {
  /** The info hash by which clients know it. */
  readonly infoHash: InfoHash
  /** Null if it was named by its info hash. */
  readonly file: string | null
}

/**
 * Finds the torrent for an argument: an info hash of 40 or 64 hexadecimal digits, or a file of at
 * most `maxSize` bytes.
 * @throws BtkitError the errors of readTorrentFile
 */
export function findNamedTorrent(word: string, maxSize: number): NamedTorrent {
  const infoHash = readSwarmHash(word)
  if (infoHash !== null) return { infoHash, file: null }
  return { infoHash: clientInfoHash(readTorrentFile(word, maxSize)), file: word }
}

/** If a torrent was too large, adds the helpful option to the error. */
export function hintAtMaxSize(error: unknown): unknown {
  if (!(error instanceof BtkitError) || error.code !== 'too-large') return error
  return withHint(error, ' (--max-torrent-size)')
}
