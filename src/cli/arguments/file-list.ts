import { isUtf8 } from 'node:buffer'
import type { FailedFile } from '../../core/edit/files.js'
import { BtkitError } from '../../errors.js'
import { collectBounded, readBounded } from '../../files/read-bounded.js'
import { escapeBadBytes } from '../../text/escape.js'
import type { Io } from '../io.js'

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
 * Reads a list of file names from a file, or from standard input for `-`. If the list contains a
 * NUL, names end with NULs, as `find -print0` writes them. Otherwise they end with newlines. Empty
 * names are skipped.
 * @throws BtkitError `too-large`, `not-found`, `not-permitted` or `io` if the list cannot be read
 */
export async function readFileList(list: string, { stdin }: Pick<Io, 'stdin'>): Promise<FileList> {
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
