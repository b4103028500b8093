import type { PieceCache } from '../cache/piece-cache.js'
import {
  packFileRecord,
  unpackFileRecord,
  type FileKey,
  type FileRecord,
} from '../cache/records/file.js'
import {
  countNodes,
  packTreeRecord,
  unpackTreeRecord,
  type TreeKey,
  type TreeRecord,
} from '../cache/records/tree.js'
import { readEncodedFingerprint, type Fingerprint } from '../files/fingerprint.js'
import { NODE } from '../core/digests/file-trees.js'
import { countOf } from './machine-counts.js'
import { noteOrigin, originOf, removeRevoked, type Origin } from './origins.js'
import { openRecord, redisKey, sealRecord } from './sealed-record.js'
import { sharedName, type ShareRules } from './share-name.js'
import { MOST_OF_RECORD, type SharedStore } from './shared-store.js'

const NOTHING = new Uint8Array(0)

/** The cache and the Redis between which digests go, and how. */
export interface SharedDigestsParts extends ShareRules {
  readonly cache: PieceCache
  readonly store: SharedStore
  /** This machine's name in its records. */
  readonly machine: string
  /** Keys of the MAC; the first is for new records. Empty: nothing is adopted. */
  readonly keys: readonly Uint8Array[]
  /** Current time in milliseconds since 1970. */
  readonly now: () => number
  readonly warn: (message: string) => void
}

/** A file whose record is sought. */
export interface SoughtFile {
  readonly key: FileKey | TreeKey
  readonly fingerprint: Fingerprint
}

/** A record of another machine, whose MAC is right. */
export type FoundRecord = { readonly origin: Origin } & (
  | { readonly key: FileKey; readonly record: FileRecord }
  | { readonly key: TreeKey; readonly record: TreeRecord }
)

/** Digests of files, shared by machines through Redis. The piece cache stays the first level. */
export class SharedDigests {
  readonly #parts: SharedDigestsParts
  /** The epochs whose revocations were carried out here, and their text. */
  #heeded: object | null = null
  #heededText = '{}'
  #isWarned = false

  constructor(parts: SharedDigestsParts) {
    this.#parts = parts
  }

  /** Shares a record that the piece cache is about to store, or has used for another week. */
  remember(key: FileKey | TreeKey, record: FileRecord | TreeRecord, isNew: boolean): void {
    const { cache, store, keys, machine, now } = this.#parts
    const { buffer, byteOffset } = record.fingerprint
    const fingerprint = readEncodedFingerprint(new DataView(buffer, byteOffset), 0)
    const name = sharedName(key, fingerprint, this.#parts)
    const [signing] = keys
    if (name === null || signing === undefined) return
    const body = packBody(record)
    const before = isNew ? peek(cache, key) : record
    const isSameFile = before && Buffer.compare(before.fingerprint, record.fingerprint) === 0
    // Digests that were adopted stay those of their machine while the file is unchanged
    const adopted = originOf(cache, key)
    if (adopted && !isSameFile) noteOrigin(cache, key, null)
    if (isNew && isSameFile && Buffer.compare(packBody(before), body) === 0) return
    const origin = (isSameFile && adopted) || { machine, epoch: this.#epochOf(machine) }
    const sharedAt = Math.floor(now() / 1000)
    store.write(redisKey(name), sealRecord(name, { ...origin, sharedAt, body }, signing))
  }

  /** Returns the record of each file on any machine; null if there is none with a right MAC. */
  async find(files: readonly SoughtFile[]): Promise<readonly (FoundRecord | null)[]> {
    const { keys, store } = this.#parts
    if (keys.length === 0) return files.map(() => null)
    const names = files.map(({ key, fingerprint }) => sharedName(key, fingerprint, this.#parts))
    const wanted = files.flatMap(({ key }, i) => {
      const name = names[i]
      return name ? [{ key: redisKey(name), bytes: mostBytes(key) }] : []
    })
    const found = (await store.read(wanted)).values()
    this.#heedRevocations()
    return files.map(({ key }, i) => {
      const name = names[i]
      const sealed = name ? found.next().value : null
      return name && sealed ? this.#open(name, key, sealed) : null
    })
  }

  #open(name: string, key: FileKey | TreeKey, sealed: Buffer): FoundRecord | null {
    const shared = openRecord(name, sealed, this.#parts.keys)
    if (!shared || this.#isRevoked(shared)) return null
    const { machine, epoch, body } = shared
    const origin = { machine, epoch }
    if ('phase' in key) {
      const record = unpackFileRecord(body, key)
      return record?.fingerprint.length === 0 ? { origin, key, record } : null
    }
    const record = unpackTreeRecord(body, key)
    return record?.fingerprint.length === 0 ? { origin, key, record } : null
  }

  /**
   * Stores a record in the piece cache for a file with this encoded fingerprint. Returns whether it
   * did: the record may have been revoked since it was found.
   */
  adopt(found: FoundRecord, fingerprint: Uint8Array): boolean {
    const { cache } = this.#parts
    if (this.#isRevoked(found.origin)) return false
    noteOrigin(cache, found.key, found.origin)
    if ('phase' in found.key) {
      const known = cache.peekFile(found.key)
      const isCurrent = known && Buffer.compare(known.fingerprint, fingerprint) === 0
      const { pieces, tail, paddedTail } = found.record as FileRecord
      const ends = {
        tail: tail ?? (isCurrent ? known.tail : null),
        paddedTail: paddedTail ?? (isCurrent ? known.paddedTail : null),
      }
      cache.rememberFile(found.key, { fingerprint, pieces, ...ends }, 'adopted')
    } else {
      cache.rememberTree(found.key, { ...(found.record as TreeRecord), fingerprint }, 'adopted')
    }
    return true
  }

  /** Reports and removes a record that differs from its file. */
  async refuse({ key, origin }: FoundRecord, fingerprint: Fingerprint): Promise<void> {
    const { store, warn } = this.#parts
    const name = sharedName(key, fingerprint, this.#parts)
    if (name === null) return
    warn(`${key.path}: the shared record of machine ${origin.machine} is wrong; removed`)
    await store.removeWrong(redisKey(name), origin.machine)
  }

  /** Asks which machines' records are revoked, and removes those that were adopted. */
  async refresh(): Promise<void> {
    await this.#parts.store.readEpochs()
    this.#heedRevocations()
    // A record counts as removed only then
    await this.#parts.cache.store.flush()
  }

  #heedRevocations(): void {
    const { store, cache } = this.#parts
    if (store.epochs === null || store.epochs === this.#heeded) return
    this.#heeded = store.epochs
    const text = JSON.stringify(store.epochs)
    if (text === this.#heededText) return
    this.#heededText = text
    removeRevoked(cache.store, (origin) => this.#isRevoked(origin))
  }

  #isRevoked({ machine, epoch }: Origin): boolean {
    return epoch < this.#epochOf(machine)
  }

  #epochOf(machine: string): number {
    const { store, warn } = this.#parts
    const epoch = countOf(store.epochs, machine)
    if (epoch !== null) return epoch
    if (!this.#isWarned) {
      this.#isWarned = true
      const why = 'the number of its revocations in Redis makes no sense'
      warn(`machine ${machine}: ${why}; run "btkit cache revoke" to mend it`)
    }
    return 0
  }

  /** Resolves when other machines see all records of this one, or Redis is gone. */
  flush(): Promise<void> {
    return this.#parts.store.flush()
  }

  close(): Promise<void> {
    return this.#parts.store.close()
  }
}

function peek(cache: PieceCache, key: FileKey | TreeKey): FileRecord | TreeRecord | null {
  return 'phase' in key ? cache.peekFile(key) : cache.peekTree(key)
}

/** Encodes a record without a fingerprint, which only has a meaning on one machine. */
function packBody(record: FileRecord | TreeRecord): Uint8Array {
  return 'pieces' in record
    ? packFileRecord({ ...record, fingerprint: NOTHING })
    : packTreeRecord({ ...record, fingerprint: NOTHING })
}

/** Bytes of a record that are no digests of pieces: the MAC, a name, numbers and the file's ends. */
const HEADER = 32 + 256 + 8 + 2 + 3 * 32

/** The most bytes of a record. A longer value is none. */
function mostBytes(key: FileKey | TreeKey): number {
  const digests =
    'phase' in key ? (20 * key.size) / key.pieceLength : NODE * countNodes(key.size, 0)
  return Math.min(MOST_OF_RECORD, HEADER + Math.ceil(digests))
}
