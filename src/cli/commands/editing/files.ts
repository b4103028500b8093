import { statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { BtkitError } from '../../../errors.js'
import { readFileList, type FileList } from '../../arguments/file-list.js'
import { requireNames } from '../../arguments/operands.js'
import type { EditOptions } from './options.js'
import type { Io } from '../../io.js'

/**
 * Lists the torrents to edit: the arguments, then those of `--files-from`.
 * @throws BtkitError `usage` if there are none, or if two results would have the same name
 */
export async function listFiles(
  operands: readonly string[],
  { filesFrom, output }: EditOptions,
  io: Io,
): Promise<FileList> {
  requireNames(operands, 'torrent')
  if (operands.length === 0 && filesFrom === undefined) {
    throw new BtkitError('usage', 'no torrent given; name at least one')
  }
  const list = filesFrom === undefined ? NONE : await readFileList(filesFrom, io)
  const files = [...operands, ...list.files]
  if (output !== undefined) checkOutput(output, files)
  return { files, refused: list.refused }
}

const NONE: FileList = { files: [], refused: [] }

/** The path of the result for a torrent: in `output` if that is a directory, else `output`. */
export function outputFor(file: string, output: string): string {
  return isDirectory(output) ? join(output, basename(file)) : output
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function checkOutput(output: string, files: readonly string[]): void {
  if (!isDirectory(output)) {
    if (files.length === 1 && output.endsWith('.torrent')) return
    throw new BtkitError('usage', `--output ${output}: not a directory`)
  }
  const others = new Map<string, string>()
  for (const file of files) {
    const other = others.get(basename(file))
    if (other !== undefined && other !== file) {
      throw new BtkitError('usage', `${other} and ${file} would both be written to ${output}`)
    }
    others.set(basename(file), file)
  }
}
