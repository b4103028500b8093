import { sep } from 'node:path'
import { BtkitError, nameErrors } from '../base/errors.js'
import {
  readRegular,
  readSmallFiles,
  readStart,
  readWhole,
  type RegularFile,
  type WholeRules,
} from '../disk/look/read-bounded.js'
import { ownStampOf } from '../disk/look/stat-files.js'
import { DEFAULT_MAX_SIZE } from '../metainfo/bencode/check.js'
import { type Metainfo, type UnhashedMetainfo, withInfoHashes } from '../metainfo/metainfo.js'
import { quoteText } from '../base/text/escape.js'
import { BACKSLASH } from '../metainfo/parse/unsafe-path.js'
import { parseUnhashed } from '../metainfo/parse/metainfo.js'

/**
 * Reads and checks a .torrent file of at most `maxSize` bytes.
 * @throws BtkitError with the file's name
 */
export function readTorrent(path: string, maxSize = DEFAULT_MAX_SIZE): Metainfo {
  return parseTorrent(readTorrentBytes(path, maxSize, { mayWait: true }), path, maxSize)
}

/**
 * Reads the bytes of a .torrent file.
 * @throws BtkitError as readWhole; `bencode` if the beginning of a large file is not that of a
 *   torrent
 */
export function readTorrentBytes(path: string, maxSize: number, rules: WholeRules): Uint8Array {
  try {
    return readWhole(path, maxSize, rules)
  } catch (error) {
    if (error instanceof BtkitError && error.code === 'too-large')
      refuseOtherFile(path, maxSize, rules.shown ?? path)
    throw error
  }
}

/**
 * Does the same for a service, which never waits for a disk. `small` is the file if it was read.
 * @throws BtkitError with the file's name
 */
export async function loadTorrent(
  path: string,
  maxSize = DEFAULT_MAX_SIZE,
  small: RegularFile | null = null,
): Promise<Metainfo> {
  const isEnough = small && small.bytes.length <= maxSize
  const file = isEnough ? small : await readRegular(path, maxSize, null)
  try {
    return parseTorrent(file?.bytes ?? new Uint8Array(0), path, maxSize)
  } catch (error) {
    // A user who can make links must not see files quoted that only the service can read
    if (file && file.state !== (await ownStampOf(path)))
      throw new BtkitError('bencode', `${path}: not a torrent`)
    throw error
  }
}

/** Does the same with several torrents, and yields each, or why it cannot be read, in order. */
export async function* loadTorrents(
  paths: readonly string[],
  maxSize = DEFAULT_MAX_SIZE,
): AsyncGenerator<Metainfo | Error, undefined> {
  for await (const files of readSmallFiles(paths)) {
    for (const [path, small] of files) {
      try {
        yield await loadTorrent(path, maxSize, small)
      } catch (error) {
        yield error instanceof Error ? error : new Error(String(error))
      }
    }
  }
}

/** Refuses a large file whose beginning shows that it is not a torrent, such as its content. */
function refuseOtherFile(path: string, maxSize: number, shown: string): void {
  const start = readStart(path, START)
  if (start[0] !== 'd'.charCodeAt(0)) parseTorrent(start, shown, maxSize)
}

/** Bytes that are enough to recognize another kind of file. */
const START = 64

/** Parses the bytes of a .torrent. `name` is its name in errors. */
export function parseTorrent(
  bytes: Uint8Array,
  name: string,
  maxSize = DEFAULT_MAX_SIZE,
): Metainfo {
  return withInfoHashes(parseUnhashedTorrent(bytes, name, maxSize))
}

/** Does the same without the info hashes, which take longer than all the rest. */
export function parseUnhashedTorrent(
  bytes: Uint8Array,
  name: string,
  maxSize: number,
): UnhashedMetainfo {
  return nameErrors(name, () => parseUnhashed(bytes, { maxSize }))
}

/**
 * Refuses a torrent with unsafe paths. On systems where a backslash is not a separator, it may be
 * part of a name.
 * @throws BtkitError `unsafe-path`
 */
export function refuseUnsafePaths({ unsafePaths }: Metainfo, torrent: string): void {
  const unsafe = unsafePaths.find(({ reason }) => reason !== BACKSLASH || sep === '\\')
  if (unsafe === undefined) return
  const path = quoteText(unsafe.path.join('/'))
  throw new BtkitError('unsafe-path', `${torrent}: path ${path}: ${unsafe.reason}`)
}
