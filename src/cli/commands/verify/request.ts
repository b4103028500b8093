import { dirname } from 'node:path'
import type { TorrentPlace } from '../../../core/verify/verify-torrents.js'
import { BtkitError } from '../../../errors.js'
import { statIfThere } from '../../../files/stat-files.js'
import { readFileList, type FileList } from '../../arguments/file-list.js'
import type { Io } from '../../io.js'

/** The torrents that the command line asks to check. */
export interface VerifyTargets {
  readonly places: readonly TorrentPlace[]
  /** Names in a list that cannot be file names. */
  readonly refused: FileList['refused']
  /**
   * Whether there is a single torrent. Then its content may have any name, and no sum is printed.
   */
  readonly isSingle: boolean
}

/** The options that name torrents and their data. */
export interface TargetOptions {
  readonly data?: string | undefined
  readonly filesFrom?: string | undefined
}

/**
 * Finds the torrents to check: all operands and those of a list, or `TORRENT PATH`.
 * @throws BtkitError `usage`, `empty` for a list without torrents, because the program that made it
 * may have failed, and the errors of readFileList
 */
export async function findTargets(
  operands: readonly string[],
  options: TargetOptions,
  io: Io,
): Promise<VerifyTargets> {
  const { data, filesFrom } = options
  if (operands.length === 0 && filesFrom === undefined) {
    throw new BtkitError('usage', 'no torrent given; name at least one')
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
  return new BtkitError('empty', `${what}: names no torrent; nothing was checked`)
}

function placeOf(torrent: string, data: string | undefined): TorrentPlace {
  return { torrent, path: data ?? dirname(torrent), byName: data !== undefined }
}

/** Whether the second of two arguments names the data: a directory, or no .torrent file. */
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
    const hint = 'use --data for the data of several torrents'
    throw new BtkitError('usage', `${directory}: a directory, not a torrent; ${hint}`)
  }
}

function isDirectory(path: string): boolean {
  return statIfThere(path)?.isDirectory() ?? false
}
