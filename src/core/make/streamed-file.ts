import { isSameBytes } from '../../base/bytes.js'
import { BtkitError } from '../../base/errors.js'
import { CHECKSUMS, type ChecksumName } from '../checksums/list.js'

/** Bytes in memory, or pieces of them that arrive over time, such as a stream of Node. */
export type StreamedBytes = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** A file whose bytes come from the caller. */
export interface StreamedFile {
  /** The path below the torrent's name, with `/` between components. */
  readonly path: string
  readonly content: StreamedBytes
  /** Has the content received before it is read; called for the next files, too. */
  readonly begin?: (() => void) | undefined
  /** Bytes of the file; needed for streams below a directory if no piece length is given. */
  readonly length?: number | undefined
  /**
   * A text that is another one as soon as any byte is: content of known texts need not be read
   * again.
   */
  readonly state?: string | undefined
  /**
   * A text, such as the date, that counts in its place beside a `checksum` of 32 bytes or more, for
   * servers whose nodes have other states for equal bytes.
   */
  readonly looseState?: string | undefined
  /**
   * Reads the bytes from `start` to before `end` alone, in this `state`. Without it, content is
   * read whole or not at all.
   */
  readonly range?: ((start: number, end: number) => AsyncIterable<Uint8Array>) | undefined
  /** The checksums that its bytes must have. */
  readonly checksum?: ListedChecksum | readonly ListedChecksum[] | undefined
}

/** A checksum of a file; of several names, one made it. */
export interface ListedChecksum {
  readonly name: ChecksumName | readonly ChecksumName[]
  readonly digest: Uint8Array
}

/** The checksums that a file must have. */
export function checksumsOf({
  checksum,
}: Pick<StreamedFile, 'checksum'>): readonly ListedChecksum[] {
  return [checksum ?? []].flat()
}

/** The digest of a checksum that nobody can imitate; undefined without one. */
export function believedOf(file: Pick<StreamedFile, 'checksum'>): Uint8Array | undefined {
  return checksumsOf(file).find(({ digest }) => digest.length >= CHECKSUMS.sha256.length)?.digest
}

/** The names of all checksums that one of them may be. */
export function namesOf(checksums: readonly ListedChecksum[]): ChecksumName[] {
  return [...new Set(checksums.flatMap(({ name }) => name))]
}

/** A file has another checksum than was said. */
export class ChecksumFault extends BtkitError {
  constructor(message: string) {
    super('changed', message)
  }
}

/**
 * Checks the checksums of a file that was read; `digestOf` returns those of its bytes.
 * @throws ChecksumFault
 */
export function requireChecksums(
  file: Pick<StreamedFile, 'path' | 'checksum'>,
  digestOf: (name: ChecksumName) => Uint8Array,
): void {
  for (const { name, digest } of checksumsOf(file)) {
    const names = [name].flat()
    const found = names.map(digestOf)
    if (found.some((each) => isSameBytes(each, digest))) continue
    const [should, ...is] = [digest, ...found].map((each) => Buffer.from(each).toString('hex'))
    const own = names.map((each, i) => `${each} is ${is[i]}`).join(' and its ')
    const isGuess = Array.isArray(name) && digest.length === CHECKSUMS.sha256.length
    const other = isGuess ? ' (BLAKE3 has as many digits, and is not known here)' : ''
    throw new ChecksumFault(`${file.path}: its ${own}, not ${should} as listed${other}`)
  }
}
