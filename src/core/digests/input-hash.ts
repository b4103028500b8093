import { createHash, type Hash } from 'node:crypto'
import { sha256 } from '../../base/bytes.js'
import type { FileColumns } from '../../disk/file-lists/columns.js'
import { TRUSTED_LENGTH, type CacheTrust } from '../../disk/cache/trust.js'

const BUFFER = 64 * 1024

/** Bytes of most inputs. Memory that is not from the shared pool takes longer than hashing them. */
const FEW_BYTES = 2048

/** Most UTF-8 bytes for a UTF-16 unit. */
const UNIT = 3

const EMPTY = Buffer.alloc(0)

/** Files with numbers from `from` to before `to`, which follow each other in a directory. */
interface Run {
  readonly from: number
  readonly to: number
}

/** Yields the runs of files that follow each other in a directory. */
export function* runsOf(files: FileColumns): Generator<Run> {
  const { directoryOf } = files.store
  for (let from = 0; from < files.length;) {
    const row = files.rowAt(from)
    let to = from + 1
    for (let next = row + 1; to < files.length; to++, next++) {
      if (files.rowAt(to) !== next || directoryOf[next] !== directoryOf[row]) break
    }
    yield { from, to }
    from = to
  }
}

/**
 * Computes SHA-256 of texts and files. Small ones are hashed together, because a call for
 * each would cost more than the hashing.
 */
export class InputHash {
  #hash: Hash | null = null
  #buffer = Buffer.allocUnsafe(FEW_BYTES)
  #length = 0
  /** The directory of the last file, and its bytes. */
  #absolute: string | null = null
  #directory = EMPTY

  /** Adds a text as UTF-8. */
  text(text: string): void {
    const most = UNIT * text.length
    this.#reserve(most)
    if (most > BUFFER) this.#current.update(text)
    else this.#length += this.#buffer.write(text, this.#length)
  }

  /** Adds the paths and real paths of files that follow each other in a directory. */
  paths(files: FileColumns, { from, to }: Run): void {
    const { components, absolute } = files.directoryAt(from)
    const { names, realNames } = files.store
    const rows = [files.rowAt(from), files.rowAt(to - 1) + 1] as const
    const columns = names === realNames ? [names] : [names, realNames]
    const parts = columns.map((column) => column.slice(...rows))
    const lengths = parts.map(({ length }) => length)
    this.text(JSON.stringify([components, absolute, to - from, ...lengths]))
    for (const part of parts) this.bytes(part)
  }

  /** Adds the real path of a file. */
  realPath(files: FileColumns, i: number): void {
    const { absolute } = files.directoryAt(i)
    if (absolute === null) return
    if (absolute !== this.#absolute) {
      this.#absolute = absolute
      this.#directory = Buffer.from(absolute)
    }
    this.bytes(this.#directory)
    const [names, row] = [files.store.realNames, files.rowAt(i)]
    this.bytes(names.bytes, names.starts[row] ?? 0, names.endAt(row))
  }

  /** Adds the trusted part of a file's fingerprint. */
  fingerprint(files: FileColumns, i: number, trust: CacheTrust): void {
    const length = TRUSTED_LENGTH[trust]
    this.#reserve(length)
    files.store.states.copyTo(this.#buffer, files.rowAt(i), length, this.#length)
    this.#length += length
  }

  /** Adds bytes. */
  bytes(bytes: Uint8Array, from = 0, to = bytes.length): void {
    this.#reserve(to - from)
    if (to - from > BUFFER) {
      this.#current.update(bytes.subarray(from, to))
    } else {
      this.#buffer.set(bytes.subarray(from, to), this.#length)
      this.#length += to - from
    }
  }

  /**
   * Returns the digest of all that was added, and begins again. A short input needs no node:crypto.
   */
  digest(): Uint8Array {
    const rest = this.#buffer.subarray(0, this.#length)
    const digest = this.#hash?.update(rest).digest() ?? sha256(rest)
    this.#hash = null
    this.#length = 0
    return digest
  }

  get #current(): Hash {
    return (this.#hash ??= createHash('sha256'))
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    if (this.#buffer.length === BUFFER) {
      this.#flush()
      return
    }
    const larger = Buffer.allocUnsafe(BUFFER)
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
    this.#reserve(bytes)
  }

  #flush(): void {
    this.#current.update(this.#buffer.subarray(0, this.#length))
    this.#length = 0
  }
}
