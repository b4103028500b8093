import { parseTorrent, readTorrent } from '../../core/read-torrent.js'
import { collectBounded } from '../../files/read-bounded.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { Io } from '../io.js'
import { BtkitError } from '../../errors.js'
import { hintAtMaxSize } from './max-torrent-size.js'

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
  const hint = `name its torrents: ${directory}/*.torrent`
  return new BtkitError(error.code, `${error.message}; ${hint}`, { cause: error })
}

/**
 * Like readTorrentInput, but reads files only.
 * @throws BtkitError the errors of readTorrent; messages name the torrent
 */
export function readTorrentFile(path: string, maxSize: number): Metainfo {
  try {
    return readTorrent(path, maxSize)
  } catch (error) {
    throw hintAtMaxSize(error)
  }
}
