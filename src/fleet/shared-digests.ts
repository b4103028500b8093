import {
  packFileRecord,
  unpackFileRecord,
  type FileKey,
  type FileRecord,
  countNodes,
  packTreeRecord,
  unpackTreeRecord,
  type TreeKey,
  type TreeRecord,
} from '../disk/cache/records/bodies.js'
import { SECONDS_BETWEEN_NOTES } from '../disk/cache/records/record.js'
import type { CacheAccess } from '../core/digests/cache-access.js'
import { digestOf } from '../base/bytes.js'
import { BtkitError } from '../base/errors.js'
import {
  encodeFingerprint,
  readEncodedFingerprint,
  type Fingerprint,
} from '../disk/file-lists/fingerprint.js'
import { UNUSED_FOR } from '../disk/cache/maintain.js'
import type { RedisAddress, RedisClient } from './redis/client.js'
import { RedisLink } from './redis/link.js'
import { MAC, seal, unseal, VERSION } from './seal.js'
import { sharedName, type ShareRules } from './shares.js'
import { SHA1, SHA256 } from '../metainfo/sizes.js'

/** The machines to share digests with, and how far to trust them. */
export interface ShareRequest extends ShareRules {
  readonly address: RedisAddress
  /** Keys of the MAC, the first for new records. */
  readonly keys: readonly Uint8Array[]
}

/** A record of another machine, whose MAC is right. */
export type FoundRecord =
  | { readonly key: FileKey; readonly record: FileRecord }
  | { readonly key: TreeKey; readonly record: TreeRecord }

/** Hash tags in keys: the nodes of a Redis cluster among which records can be spread. */
const TAGS = 64

/** Characters of a hash tag, and of the 18 bytes of a digest after it. */
const TAG_LENGTH = 2
const DIGEST_LENGTH = 24

/** The pattern of all keys of records, for SCAN. Longer keys of strangers are never sent. */
const RECORD_PATTERN = `${VERSION}:{${'?'.repeat(TAG_LENGTH)}}${'?'.repeat(DIGEST_LENGTH)}`

/** Returns the key in Redis for a name. */
export function redisKey(name: string, kind = VERSION): string {
  const digest = digestOf('sha256', `${VERSION}\0${name}`)
  const tag = String((digest[31] ?? 0) % TAGS).padStart(TAG_LENGTH, '0')
  return `${kind}:{${tag}}${digest.toString('base64url', 0, 18)}`
}

/** Bytes of a record before its digests: the MAC, and when it was shared. */
const HEADER = MAC + 4

/** Most records of a round trip, and most bytes that one writes, or is expected to read. */
const MOST = 1000
const MOST_BYTES = 1024 * 1024
const MOST_BYTES_READ = 16 * 1024 * 1024

/** The largest record in bytes: the SHA-1 digests of 800,000 pieces. */
const MOST_OF_RECORD = 16 * 1024 * 1024

/** Milliseconds that records wait for others before they are written. */
const WRITE_DELAY_MS = 50

const NOTHING = new Uint8Array(0)

/**
 * Digests of files, shared by machines through Redis; without them, each machine hashes all files
 * itself. The piece cache stays the first level. Does nothing while Redis is gone.
 */
export class SharedDigests {
  #writes: [key: string, sealed: Buffer][] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<unknown> = Promise.resolve()
  /** Whether a record comes from another machine, which shared it. */
  #isAdopting = false

  constructor(
    private readonly access: Pick<CacheAccess, 'cache' | 'now'>,
    private readonly request: ShareRequest,
    private readonly link: RedisLink,
  ) {
    access.cache.onFile = (key, record) => {
      if (!this.#isAdopting) this.#share(key, record)
    }
    access.cache.beforeClose.push(() => this.#close())
  }

  /** Shares a record that the piece cache is about to store, or has used for another week. */
  #share(key: FileKey | TreeKey, record: FileRecord | TreeRecord): void {
    const { buffer, byteOffset } = record.fingerprint
    const fingerprint = readEncodedFingerprint(new DataView(buffer, byteOffset), 0)
    const name = sharedName(key, fingerprint, this.request)
    if (name === null || this.link.isGone()) return
    const sharedAt = Buffer.alloc(4)
    sharedAt.writeUInt32BE(Math.floor(this.access.now() / 1000))
    // A fingerprint has a meaning on one machine only
    const body =
      'pieces' in record
        ? packFileRecord({ ...record, fingerprint: NOTHING })
        : packTreeRecord({ ...record, fingerprint: NOTHING })
    const sealed = seal(name, Buffer.concat([sharedAt, body]), this.request.keys)
    if (sealed.length > MOST_OF_RECORD) return
    this.#writes.push([redisKey(name), sealed])
    this.#bytes += sealed.length
    if (this.#writes.length >= MOST || this.#bytes >= MOST_BYTES) void this.flush()
    else this.#timer ??= setTimeout(() => void this.flush(), WRITE_DELAY_MS)
  }

  /** Resolves when other machines see all records of this one, or Redis is gone. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const writes = this.#writes
    this.#writes = []
    this.#bytes = 0
    // A use is noted only that often, and prolongs the life then
    const life = Math.ceil(UNUSED_FOR / 1000) + SECONDS_BETWEEN_NOTES
    const write = (client: RedisClient) =>
      Promise.all(writes.map(([key, sealed]) => client.set(key, sealed, 'EX', life)))
    if (writes.length > 0) {
      const before = this.#writing
      this.#writing = before.then(() => this.link.ask(write, { isWrite: true }))
    }
    await this.#writing
  }

  /** Returns the record of each file on any machine; null if there is none with a right MAC. */
  async find(
    files: readonly { readonly key: FileKey | TreeKey; readonly fingerprint: Fingerprint }[],
  ): Promise<(FoundRecord | null)[]> {
    const found: (FoundRecord | null)[] = []
    for (let at = 0; at < files.length;) {
      let bytes = 0
      const from = at
      while (at < files.length && at - from < MOST && bytes < MOST_BYTES_READ)
        bytes += usualBytes(files[at++]?.key)
      const batch = files.slice(from, at)
      const names = batch.map(({ key, fingerprint }) => {
        return sharedName(key, fingerprint, this.request)
      })
      const keys = names.map((name) => (name === null ? null : redisKey(name)))
      const read = await this.link.ask((client) => readValues(client, keys))
      for (const [i, { key }] of batch.entries()) {
        const [name, sealed] = [names[i], read?.[i]]
        found.push(name && sealed ? this.#open(name, key, sealed) : null)
      }
    }
    return found
  }

  #open(name: string, key: FileKey | TreeKey, sealed: Buffer): FoundRecord | null {
    const opened = unseal(name, sealed, this.request.keys)
    if (opened === null || opened.length < HEADER - MAC) return null
    const body = opened.subarray(HEADER - MAC)
    if ('phase' in key) {
      const record = unpackFileRecord(body, key)
      return record?.fingerprint.length === 0 ? { key, record } : null
    }
    const record = unpackTreeRecord(body, key)
    return record?.fingerprint.length === 0 ? { key, record } : null
  }

  /** Stores a record in the piece cache for a file with this fingerprint. */
  adopt(found: FoundRecord, current: Fingerprint): void {
    this.#isAdopting = true
    this.#put(found, encodeFingerprint(current))
    this.#isAdopting = false
  }

  #put({ key, record }: FoundRecord, fingerprint: Uint8Array): void {
    const { cache } = this.access
    if (!('phase' in key)) {
      cache.put('tree', key, { ...(record as TreeRecord), fingerprint })
      return
    }
    const known = cache.peek('file', key)
    const isCurrent = known && Buffer.compare(known.fingerprint, fingerprint) === 0
    const { pieces, tail, paddedTail } = record as FileRecord
    const ends = {
      tail: tail ?? (isCurrent ? known.tail : null),
      paddedTail: paddedTail ?? (isCurrent ? known.paddedTail : null),
    }
    cache.put('file', key, { fingerprint, pieces, ...ends })
  }

  /** Removes a record that differs from its file. */
  async remove({ key }: FoundRecord, fingerprint: Fingerprint): Promise<void> {
    const name = sharedName(key, fingerprint, this.request)
    if (name === null) return
    await this.link.ask((client) => client.del(redisKey(name)), { isWrite: true })
  }

  async #close(): Promise<void> {
    await this.flush()
    this.link.close()
  }
}

/** About the bytes of a file's record. */
function usualBytes(key: FileKey | TreeKey | undefined): number {
  if (key === undefined) return 0
  const digests =
    'phase' in key ? (SHA1 * key.size) / key.pieceLength : SHA256 * countNodes(key.size, 0)
  return Math.min(MOST_OF_RECORD, HEADER + Math.ceil(digests))
}

/** Reads values in order; null for each that is missing or no string. */
async function readValues(
  client: RedisClient,
  keys: readonly (string | null)[],
): Promise<(Buffer | null)[]> {
  // One command reads many: one for each would take longer than all other work of adopting it.
  // In a cluster, all keys of a command must have one hash tag
  const groups = new Map<string, string[]>()
  for (const key of keys) {
    if (key === null) continue
    const tag = client.isCluster ? key.slice(0, key.indexOf('}')) : ''
    const group = groups.get(tag)
    if (group) group.push(key)
    else groups.set(tag, [key])
  }
  const found = new Map<string, Buffer | null>()
  const read = async (group: readonly string[]) => {
    const values = await client.mgetBuffer(...group)
    for (const [i, key] of group.entries()) found.set(key, values[i] ?? null)
  }
  await Promise.all([...groups.values()].map(read))
  return keys.map((key) => (key === null ? null : (found.get(key) ?? null)))
}

/**
 * Returns the number of the shared records, and the address where they are.
 * @throws BtkitError `unreachable` if Redis does not answer
 */
export async function summarizeShared(address: RedisAddress) {
  let records = 0
  await eachPage(address, (keys) => {
    records += keys.length
    return Promise.resolve()
  })
  return { url: address.label, records }
}

/**
 * Removes shared records that no machine has used since a time in milliseconds since 1970. Returns
 * their number. A dry run only counts them.
 * @throws BtkitError `unreachable` if Redis does not answer
 */
export async function pruneShared(
  address: RedisAddress,
  since: number,
  dryRun = false,
): Promise<number> {
  let removed = 0
  await eachPage(address, async (keys, ask) => {
    // Another type of value is none of btkit's
    const headers = await ask((client) =>
      Promise.all(
        keys.map((key) => client.getrangeBuffer(key, 0, HEADER - 1).catch(() => Buffer.of())),
      ),
    )
    const unused = keys.filter((_, i) => {
      // A use is noted once a week
      const header = headers[i] ?? Buffer.of()
      const sharedAt = header.length < HEADER ? 0 : header.readUInt32BE(MAC)
      return (sharedAt + SECONDS_BETWEEN_NOTES) * 1000 <= since
    })
    removed += unused.length
    if (!dryRun) await ask((client) => Promise.all(unused.map((key) => client.unlink(key))))
  })
  return removed
}

type Ask = <T>(call: (client: RedisClient) => Promise<T>) => Promise<T>

/** Does work with the keys of all records, some at a time. */
async function eachPage(
  address: RedisAddress,
  work: (keys: readonly string[], ask: Ask) => Promise<void>,
): Promise<void> {
  let why = ''
  const warn = (message: string) => {
    why = message
  }
  const link = new RedisLink(address, { warn })
  const ask: Ask = async (call) => {
    const answer = await link.ask(async (client) => ({ of: await call(client) }))
    if (answer) return answer.of
    throw new BtkitError('unreachable', why || `${address.label}: no answer`)
  }
  try {
    const servers = await ask(async (client) => {
      // A cluster names its nodes only when it is connected
      await client.exists(redisKey(''))
      return 'nodes' in client ? client.nodes('master') : [client]
    })
    for (const server of servers) {
      let cursor = '0'
      do {
        const scan = () => server.scan(cursor, 'MATCH', RECORD_PATTERN, 'COUNT', 1000)
        const [next, keys] = await ask(scan)
        cursor = next
        await work(keys, ask)
      } while (cursor !== '0')
    }
  } finally {
    link.close()
  }
}
