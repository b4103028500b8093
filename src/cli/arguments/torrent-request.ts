import type { CommonRequest } from '../../core/complete/request.js'
import { BtkitError } from '../../errors.js'
import type { LinkPolicy } from '../../files/scan/scanned-tree.js'
import { reportWarning } from '../output/messages.js'
import type { Io } from '../io.js'
import { LATEST_DATE } from '../../metainfo/parse/optional-fields.js'
import type { TorrentOptions } from './torrent-options.js'
import { chooseTrackers } from './tracker-options.js'
import { version } from '../version.js'

/**
 * Translates the options that makemetafile and completedir have in common.
 * @throws BtkitError `usage` when options do not go together
 */
export function commonRequest(
  tracker: string | null,
  options: TorrentOptions,
  io: Io,
): CommonRequest {
  if (options.followSymlinks && !options.symlinks) {
    throw new BtkitError('usage', '--follow-symlinks and --no-symlinks exclude each other')
  }
  return {
    scan: {
      all: options.all,
      include: options.include,
      exclude: options.exclude,
      links: linkPolicy(options),
    },
    ...pieceLength(options),
    private: options.private,
    sourceTag: textOrNull(options.source),
    parts: {
      ...chooseTrackers(tracker, options),
      httpSeeds: options.httpseeds ?? [],
      webSeeds: options.webSeed,
      nodes: options.node,
      comment: textOrNull(options.comment),
      createdBy: creator(options.createdBy),
    },
    creationDate: creationDate(options.date, io),
    write: { mode: options.mode },
  }
}

/**
 * The piece length where none is asked for, and the .torrent that is too large for it, in bytes.
 */
const USUAL_LENGTH = 2 ** 18
const LARGE_TORRENT = 2 ** 20

function pieceLength({ pieceLength, pieceSizePow2 }: TorrentOptions) {
  const wanted = pieceLength ?? pieceSizePow2
  if (wanted !== undefined) return { pieceLength: wanted }
  return { pieceLength: USUAL_LENGTH, automaticAbove: LARGE_TORRENT }
}

/** Warns when `announce` is not in the announce list, because clients ignore it then. */
export function warnOfTracker({ parts }: CommonRequest, { quiet }: TorrentOptions, io: Io): void {
  const { announce, announceList } = parts
  if (quiet || announce === null || announceList.length === 0) return
  if (announceList.flat().includes(announce)) return
  reportWarning(`${announce}: not in the announce list, so clients will not use it`, io)
}

function linkPolicy({ followSymlinks, symlinks }: TorrentOptions): LinkPolicy {
  if (!symlinks) return 'skip'
  return followSymlinks ? 'follow' : 'inside'
}

function textOrNull(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text
}

function creator(option: TorrentOptions['createdBy']): string | null {
  if (option === false) return null
  return typeof option === 'string' ? textOrNull(option) : `btkit ${version()}`
}

/** The creation date: that of the option, else of SOURCE_DATE_EPOCH, else now. */
function creationDate(option: TorrentOptions['date'], { env, now }: Io): number | 'mtime' | null {
  if (option === false) return null
  if (option === 'now') return Math.floor(now() / 1000)
  if (option !== undefined) return option
  const epoch = env['SOURCE_DATE_EPOCH']
  if (epoch === undefined || epoch === '') return Math.floor(now() / 1000)
  if (/^\d{1,13}$/.test(epoch) && Number(epoch) <= LATEST_DATE) return Number(epoch)
  throw new BtkitError('usage', `SOURCE_DATE_EPOCH '${epoch}': not a number of seconds`)
}
