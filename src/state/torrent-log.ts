import { lstatSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { digestOf } from '../bytes.js'
import { requireOwnDirectory } from './files.js'
import { Journal, type JournalOptions } from './journal.js'

/** Digests that identify a torrent, and that show which parts of it somebody edited. */
export interface TorrentDigests {
  /** Digest of the whole file. */
  readonly file: Uint8Array
  /** Digest of `info`; null for a file that is no torrent. */
  readonly info: Uint8Array | null
  /**
   * For each key except `info`, the digest of the value that btkit would write; null for a file that
   * is no torrent.
   */
  readonly keys: KeyDigests | null
  /**
   * Whether the torrent was adopted: its `info` came from another program, and stays until the
   * content changes.
   */
  readonly isAdopted?: boolean | undefined
  /** The rules by which `info` would differ if remade, as completedir reported them. */
  readonly keeps?: readonly string[] | undefined
}

/** Digests in base64, by key. */
export type KeyDigests = Readonly<Record<string, string>>

/** Identifies a torrent and its inputs. */
export interface TorrentIdentity {
  /** The real path of the torrent's content. */
  readonly source: string
  /** Digest of everything that the torrent depends on; opaque. Empty if it is unreliable. */
  readonly input: Uint8Array
  /** The encoded fingerprint of the torrent after it was written. Empty before that. */
  readonly fingerprint: Uint8Array
}

/** An identity with its bytes in hexadecimal, as records have them. */
export type IdentityText = Readonly<Record<keyof TorrentIdentity, string>>

/** A torrent that btkit wrote, or that equals what btkit would write. */
export interface TorrentRecord extends TorrentIdentity {
  /** Digests of the torrent that was written, or was about to be written. */
  readonly written: TorrentDigests
  /** Digests of the earlier torrent of btkit at this path, which a kill may have left in place. */
  readonly replaced: TorrentDigests | null
}

/** The torrents of a directory, and who is warned of faults of their list. */
export interface OpenLogOptions extends Pick<JournalOptions, 'stateDirectory' | 'now' | 'warn'> {
  /** The real path of the torrents' directory. A writer must hold the directory's lock. */
  readonly target: string
  /** Whether to keep changes only in memory. */
  readonly isReadOnly: boolean
}

/** Bytes of a fingerprint without the device, whose number may change at each mount. */
const FINGERPRINT = 32

/** Records which torrents of a directory btkit wrote. */
export class TorrentLog {
  readonly #journal: Journal

  /**
   * Reads the records of a directory's torrents.
   * @throws BtkitError as Journal
   */
  constructor(options: OpenLogOptions) {
    const { stateDirectory, target } = options
    this.#journal = new Journal({
      ...options,
      path: logPath(stateDirectory, target),
      head: { btkit: 'torrents', target },
      loss: 'btkit no longer knows that it wrote some torrents; completedir --adopt takes them back',
    })
  }

  /** Returns the record of a torrent, by its file name; null if there is none. */
  get(name: string): TorrentRecord | null {
    const json = this.#journal.get(name)
    return json === undefined ? null : parseRecord(json)
  }

  /** Whether a torrent has a record. Cheaper than reading the record. */
  has(name: string): boolean {
    return this.#journal.has(name)
  }

  /** Whether a torrent's record has this identity. Cheaper than reading the record. */
  isUnchanged(name: string, { source, input, fingerprint }: TorrentIdentity): boolean {
    return this.matches(name, { source, input: toHex(input), fingerprint: toHex(fingerprint) })
  }

  /** The same for bytes in hexadecimal, which is faster for many files. */
  matches(name: string, { source, input, fingerprint }: IdentityText): boolean {
    const seen = fingerprint.slice(0, 2 * FINGERPRINT)
    const start = `{"source":${JSON.stringify(source)},"input":"${input}","fingerprint":"${seen}`
    return this.#journal.startsWith(name, start)
  }

  /**
   * Sets the record of a torrent; null says that it is no longer btkit's. Durable after the next
   * flush.
   */
  put(name: string, record: TorrentRecord | null): void {
    this.#journal.put(name, record && toJson(record))
  }

  /**
   * Resolves when all records set so far would survive a power failure.
   * @throws BtkitError as Journal.flush
   */
  flush(): Promise<void> {
    return this.#journal.flush()
  }

  /** Flushes what was set since the last flush. */
  close(): Promise<void> {
    return this.#journal.close()
  }
}

/** Path of the file that lists btkit's own torrents of a directory; `target` is its real path. */
function logPath(stateDirectory: string, target: string): string {
  const digest = digestOf('sha256', target).toString('hex', 0, 16)
  return join(stateDirectory, 'torrents', `${digest}.log`)
}

/**
 * Returns a text that changes whenever the list of a directory's torrents changes, without reading
 * the list. Null if there is no list.
 * @throws BtkitError `not-permitted` if other users could replace it; system errors unchanged
 */
export function stampOfLog(stateDirectory: string, target: string): string | null {
  const path = logPath(stateDirectory, target)
  for (const directory of [stateDirectory, dirname(path)]) requireOwnDirectory(directory)
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (!stats) return null
  const { size, mtimeNs, ctimeNs, ino, mode, nlink } = stats
  return [size, mtimeNs, ctimeNs, ino, mode, nlink].join(' ')
}

type DigestsJson = ReturnType<typeof digestsToJson>

/** The record as JSON; the identity comes first, because it is compared as text. */
function toJson({ source, input, fingerprint, written, replaced }: TorrentRecord) {
  return {
    source,
    input: toHex(input),
    fingerprint: toHex(fingerprint),
    written: digestsToJson(written),
    replaced: replaced ? digestsToJson(replaced) : undefined,
  }
}

function parseRecord(json: string): TorrentRecord {
  const { source, input, fingerprint, written, replaced } = JSON.parse(json) as ReturnType<
    typeof toJson
  >
  return {
    source,
    input: Buffer.from(input, 'hex'),
    fingerprint: Buffer.from(fingerprint, 'hex'),
    written: digestsFromJson(written),
    replaced: replaced ? digestsFromJson(replaced) : null,
  }
}

function digestsToJson({ file, info, keys, isAdopted, keeps }: TorrentDigests) {
  return {
    file: toBase64(file),
    info: info && toBase64(info),
    keys,
    // Left out if undefined
    adopted: isAdopted === true ? true : undefined,
    keeps: keeps?.length ? keeps : undefined,
  }
}

function digestsFromJson({ file, info, keys, adopted, keeps }: DigestsJson): TorrentDigests {
  return {
    file: Buffer.from(file, 'base64'),
    info: info === null ? null : Buffer.from(info, 'base64'),
    keys,
    ...(adopted && { isAdopted: true }),
    ...(keeps && { keeps }),
  }
}

function toBase64({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('base64')
}

export function toHex({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('hex')
}
