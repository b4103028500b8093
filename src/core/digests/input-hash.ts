import { createHash, type Hash } from 'node:crypto'
import type { FileColumns } from '../../files/columns.js'
import type { NameColumn } from '../../files/name-column.js'
import { TRUSTED_LENGTH, type CacheTrust } from './cache-trust.js'

const BUFFER = 64 * 1024

/** Most UTF-8 bytes for a UTF-16 unit. */
const UNIT = 3

const EMPTY = Buffer.alloc(0)

/**
 * Computes SHA-256 of texts and files. Small ones are hashed together, because a call for
 * each would cost more than the hashing.
 */
export class InputHash {
  #hash: Hash | null = null
  readonly #buffer = Buffer.allocUnsafe(BUFFER)
  #length = 0
  /** The directory of the last file, encoded. */
  #components: readonly string[] | null = null
  #prefix = EMPTY
  #absolute: string | null = null
  #directory = EMPTY

  /** Adds a text as UTF-8. */
  text(text: string): void {
    const most = UNIT * text.length
    this.#reserve(most)
    if (most > BUFFER) this.#current.update(text)
    else this.#length += this.#buffer.write(text, this.#length)
  }

  /** Adds the components of a path, each but the last ended by a NUL, as UTF-8. */
  path(files: FileColumns, i: number): void {
    const { components } = files.directoryAt(i)
    if (components !== this.#components) {
      this.#components = components
      this.#prefix = Buffer.from(components.map((component) => `${component}\0`).join(''))
    }
    this.#bytes(this.#prefix, 0, this.#prefix.length)
    this.#name(files.store.names, files.rowAt(i))
  }

  /** Adds the real path of a file. */
  realPath(files: FileColumns, i: number): void {
    const { absolute } = files.directoryAt(i)
    if (absolute === null) return
    if (absolute !== this.#absolute) {
      this.#absolute = absolute
      this.#directory = Buffer.from(absolute)
    }
    this.#bytes(this.#directory, 0, this.#directory.length)
    this.#name(files.store.realNames, files.rowAt(i))
  }

  /** Adds the trusted part of a file's fingerprint. */
  fingerprint(files: FileColumns, i: number, trust: CacheTrust): void {
    const length = TRUSTED_LENGTH[trust]
    this.#reserve(length)
    files.store.states.copyBytes(this.#buffer, this.#length, { i: files.rowAt(i), length })
    this.#length += length
  }

  #name(names: NameColumn, row: number): void {
    this.#bytes(names.bytes, names.starts[row] ?? 0, names.endAt(row))
  }

  /** Copies bytes one by one: a call for a few of them would take longer. */
  #bytes(bytes: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from)
    if (to - from > BUFFER) {
      this.#current.update(bytes.subarray(from, to))
      return
    }
    for (let at = from; at < to; at++) this.#buffer[this.#length++] = bytes[at] ?? 0
  }

  /** Returns the digest of all that was added, and begins again. */
  digest(): Uint8Array {
    this.#flush()
    const digest = this.#current.digest()
    this.#hash = null
    return digest
  }

  get #current(): Hash {
    return (this.#hash ??= createHash('sha256'))
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes > BUFFER) this.#flush()
  }

  #flush(): void {
    this.#current.update(this.#buffer.subarray(0, this.#length))
    this.#length = 0
  }
}
