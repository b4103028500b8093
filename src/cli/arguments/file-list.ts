import { isUtf8 } from 'node:buffer'
import type { FailedFile } from '../../core/edit/files.js'
import { BtkitError } from '../../errors.js'
import { collectBounded, readBounded } from '../../files/read-bounded.js'
import { escapeBadBytes } from '../../text/escape.js'
import type { Io } from '../io.js'

/** File names from a list. */
export interface FileList {
  readonly files: readonly string[]
  /** Names that are not UTF-8. Decoded, they would be those of other files. */
  readonly refused: readonly FailedFile[]
}

/** Room for the names of a million files, in bytes. */
const MAX_LIST = 256 * 1024 * 1024

const NUL = 0x00
const NEWLINE = 0x0a

/**
 * Reads a list of file names from a file, or with `-` from standard input. If it has a NUL, NULs
 * end the names, as `find -print0` writes them; otherwise line ends do. Empty names are left out.
 * @throws BtkitError `too-large`, `not-found`, `not-permitted` or `io` when the list can't be read
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
