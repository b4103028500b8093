import { parseTorrent, readTorrent } from '../../core/read-torrent.js'
import { collectBounded } from '../../files/read-bounded.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { Io } from '../io.js'
import { BtkitError } from '../../errors.js'
import { hintAtMaxSize } from './max-torrent-size.js'

/**
 * Reads and checks a torrent of at most `maxSize` bytes that the command line names: a file, or
 * with `-` standard input.
 * @throws BtkitError that names it: those of readTorrent
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

/** What went wrong with a torrent; of a directory, with what names the torrents in it. */
export function hintAtDirectory(error: unknown): unknown {
  const [, directory] =
    error instanceof BtkitError ? (/^(.*?)\/?: is a directory$/s.exec(error.message) ?? []) : []
  if (!(error instanceof BtkitError) || directory === undefined) return error
  const hint = `name its torrents, as ${directory}/*.torrent does`
  return new BtkitError(error.code, `${error.message}; ${hint}`, { cause: error })
}

/**
 * As readTorrentInput, but of a file only.
 * @throws BtkitError that names it: those of readTorrent
 */
export function readTorrentFile(path: string, maxSize: number): Metainfo {
  try {
    return readTorrent(path, maxSize)
  } catch (error) {
    throw hintAtMaxSize(error)
  }
}
