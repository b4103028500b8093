import { statSync } from 'node:fs'
import { basename } from 'node:path'
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
  { filesFrom, outputDir }: EditOptions,
  io: Io,
): Promise<FileList> {
  requireNames(operands, 'torrent')
  if (operands.length === 0 && filesFrom === undefined) {
    throw new BtkitError('usage', 'no torrent given')
  }
  const list = filesFrom === undefined ? NONE : await readFileList(filesFrom, io)
  const files = [...operands, ...list.files]
  if (outputDir !== undefined) checkOutput(outputDir, files)
  return { files, refused: list.refused }
}

const NONE: FileList = { files: [], refused: [] }

function checkOutput(outputDir: string, files: readonly string[]): void {
  if (!statSync(outputDir, { throwIfNoEntry: false })?.isDirectory()) {
    throw new BtkitError('usage', `--output-dir ${outputDir}: not a directory`)
  }
  const others = new Map<string, string>()
  for (const file of files) {
    const other = others.get(basename(file))
    if (other !== undefined && other !== file) {
      throw new BtkitError('usage', `${other} and ${file} would both be written to ${outputDir}`)
    }
    others.set(basename(file), file)
  }
}
