import { dirname } from 'node:path'
import type { TorrentPlace } from '../../../core/verify/verify-torrents.js'
import { BtkitError } from '../../../errors.js'
import { statIfThere } from '../../../files/stat-files.js'
import { readFileList, type FileList } from '../../arguments/file-list.js'
import type { Io } from '../../io.js'

/** What a command line asks to check. */
export interface VerifyTargets {
  readonly places: readonly TorrentPlace[]
  /** Names from a list that can't be those of files. */
  readonly refused: FileList['refused']
  /** Whether a single torrent is meant, which may have any name and has no sum after it. */
  readonly isSingle: boolean
}

/** The options that say which torrents, and where their data is. */
export interface TargetOptions {
  readonly data?: string | undefined
  readonly filesFrom?: string | undefined
}

/**
 * Finds out which torrents are meant: all operands and those of a list, but for `TORRENT PATH`.
 * @throws BtkitError `usage`, `empty` for a list that leaves nothing to check, as what made it may have
 * failed, and those of readFileList
 */
export async function findTargets(
  operands: readonly string[],
  options: TargetOptions,
  io: Io,
): Promise<VerifyTargets> {
  const { data, filesFrom } = options
  if (operands.length === 0 && filesFrom === undefined) {
    throw new BtkitError('usage', 'no torrent given')
  }
  const [torrent = '', path] = operands
  const isAlone = filesFrom === undefined && data === undefined && operands.length <= 2
  if (isAlone && (path === undefined || isPath(path))) {
    const place = { torrent, path: path ?? dirname(torrent), byName: false }
    return { places: [place], refused: [], isSingle: true }
  }
  checkSeveral(operands, options)
  const list = filesFrom === undefined ? NONE : await readFileList(filesFrom, io)
  const torrents = [...operands, ...list.files]
  if (torrents.length + list.refused.length === 0) throw nothingIn(filesFrom)
  return {
    places: torrents.map((torrent) => placeOf(torrent, data)),
    refused: list.refused,
    isSingle: filesFrom === undefined && torrents.length === 1,
  }
}

const NONE: FileList = { files: [], refused: [] }

function nothingIn(list = '-'): BtkitError {
  const what = list === '-' ? 'standard input' : list
  return new BtkitError('empty', `${what}: names no torrent, so that nothing was checked`)
}

function placeOf(torrent: string, data: string | undefined): TorrentPlace {
  return { torrent, path: data ?? dirname(torrent), byName: data !== undefined }
}

/** Whether the second of two arguments is where the data is: a directory, or no name of a torrent. */
function isPath(name: string): boolean {
  return !name.endsWith('.torrent') || isDirectory(name)
}

function checkSeveral(operands: readonly string[], { data, filesFrom }: TargetOptions): void {
  if (data !== undefined && !isDirectory(data)) {
    throw new BtkitError('usage', `--data ${data}: not a directory`)
  }
  if (operands.length + (filesFrom === undefined ? 0 : 1) > 1 && operands.includes('-')) {
    throw new BtkitError('usage', '-: only a single torrent can come from standard input')
  }
  const directory = operands.find(isDirectory)
  if (directory !== undefined) {
    const hint = 'where the data of several torrents is, --data says'
    throw new BtkitError('usage', `${directory}: a directory, not a torrent; ${hint}`)
  }
}

function isDirectory(path: string): boolean {
  return statIfThere(path)?.isDirectory() ?? false
}
