import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, copyFile, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { BtkitError, asBtkitError, osCodeOf } from '../../base/errors.js'
import { RepeatedWork } from '../../base/repeated-work.js'
import { readRegular } from '../../disk/look/read-bounded.js'
import { readEntries } from '../../disk/look/read-names.js'
import { writeAtomically } from '../../disk/write/atomically.js'
import { readBencode } from '../../metainfo/bencode/read.js'
import { type BencodeDict, type BencodeValue, isByteString } from '../../metainfo/bencode/value.js'
import type { ServerContext } from '../../server/context.js'
import { parseAddress } from './peer-address.js'
import { PeerFlag } from './peer-table.js'
import { PEER4_SIZE, PEER6_SIZE, RecordKind, RecordWriter, SWARM_SIZE } from './swarm-records.js'
import type { SwarmStore } from './swarm-store.js'
import { SHA256 } from '../../metainfo/sizes.js'

/** Others cannot read the file because it holds addresses of clients. */
const MODE = 0o640

/**
 * Bytes per read, and bytes that are restored before announces have their turn, which takes some
 * milliseconds.
 */
const CHUNK = 256 * 1024
const RESTORED = 64 * 1024

/** Milliseconds after each slice that is saved. */
const REST = 1

/** The file in which swarms are kept across restarts. */
export class StateFile {
  #saving: Promise<void> | null = null
  /** The pending work of `prepareToSave`; null if there is none. */
  #beforeSaving: (() => Promise<void>) | null = null

  #savedAt = 0
  #failures = 0
  readonly #repeated: RepeatedWork

  constructor(
    private readonly path: string,
    private readonly store: Pick<SwarmStore, 'save' | 'restore'>,
    private readonly world: Pick<ServerContext, 'now' | 'warn' | 'onError'>,
  ) {
    // Without a rest, busy clients would wait for a slice each time
    const save = () => this.save(() => setTimeout(REST))
    this.#repeated = new RepeatedWork(save, `${path}: saving the state works again`, world)
  }

  /** Time of the last save in milliseconds since 1970; 0 for never. */
  get savedAt(): number {
    return this.#savedAt
  }

  /** Number of failed saves while the tracker ran. */
  get failures(): number {
    return this.#failures
  }

  /**
   * Restores the saved swarms, if there are any, in steps between which other work has its turn.
   * The file may also be a bencoded `dfile` of bttrack. Nothing is written yet, and nothing may be
   * saved before.
   * @throws BtkitError if the file cannot be read, or is no state and must not be overwritten
   */
  async load(): Promise<void> {
    const { path } = this
    const file = await openIfThere(path)
    try {
      if (file) await this.#loadFrom(file)
    } catch (error) {
      throw asBtkitError(error, path)
    } finally {
      await file?.close()
    }
  }

  /**
   * Prepares the file for saving. A damaged state is renamed. A `dfile` is copied.
   * @throws system errors unchanged
   */
  async prepareToSave(): Promise<void> {
    await this.#beforeSaving?.()
    this.#beforeSaving = null
  }

  /**
   * Saves the current swarms. A call during a save waits for that save. `pause` is called after
   * each slice, which takes a fraction of a millisecond.
   * @throws BtkitError if the file cannot be written
   */
  save(pause?: () => Promise<void>): Promise<void> {
    this.#saving ??= this.#write(pause).finally(() => {
      this.#saving = null
    })
    return this.#saving
  }

  /**
   * Saves while the tracker runs, with announces between. A failure is reported once, until it ends
   * or its message changes.
   */
  async saveOrReport(): Promise<void> {
    if (!(await this.#repeated.run())) this.#failures += 1
  }

  async #write(pause?: () => Promise<void>): Promise<void> {
    const { path, store, world } = this
    try {
      const mode = ((await stat(path).catch(() => null))?.mode ?? MODE) & 0o777
      await writeAtomically(path, formatState(store.save(), world.now() / 1000, pause), { mode })
      this.#savedAt = world.now()
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      const reason = error.message.replace(`${path}: `, '')
      const message = `${path}: could not save the state: ${reason}`
      throw new BtkitError(error.code, message, { cause: error })
    }
  }

  async #loadFrom(file: FileHandle): Promise<void> {
    const { path } = this
    const stats = await file.stat()
    if (!stats.isFile()) throw new BtkitError('io', `${path}: not a regular file`)
    if (stats.size === 0) return
    const beginning = Buffer.alloc(MAX_HEADER)
    const { bytesRead } = await file.read(beginning, 0, MAX_HEADER, 0)
    const header = readStateHeader(beginning.subarray(0, bytesRead))
    if (!header) return this.#loadForeign(beginning.subarray(0, bytesRead), stats.mtimeMs)
    if (!header.isKnown) {
      throw new BtkitError(
        'io',
        `${path}: saved by a later version of btkit; name another --state-dir`,
      )
    }
    const buffer = Buffer.allocUnsafe(CHUNK)
    const body = { file, buffer, from: header.length, to: stats.size - SHA256 }
    if (!(await isWhole(body))) {
      this.#setDamagedAside()
      return
    }
    const age = this.world.now() / 1000 - header.savedAt
    await this.#restore(chunksOf({ ...body, buffer: buffer.subarray(0, RESTORED) }), age)
  }

  /** Loads a file that has no valid header of btkit. */
  async #loadForeign(beginning: Uint8Array, modifiedAt: number): Promise<void> {
    const { path, world } = this
    if (isBrokenHeader(beginning)) {
      this.#setDamagedAside()
      return
    }
    if (beginning[0] !== 'd'.charCodeAt(0)) {
      const [first, second = 0] = beginning
      // A dictionary in text or in binary form
      const isPickle = (first === 0x80 && second <= 5) || (first === 0x28 && second === 0x64)
      const why = isPickle ? `, but ${PICKLE}` : ''
      const way = 'move it away, or name another --state-dir'
      throw new BtkitError('io', `${path}: not the state of a tracker${why}; ${way}`)
    }
    const read = await readRegular(path, MAX_OLD_STATE, null)
    try {
      await this.#restore(
        convertOldState(read?.bytes ?? beginning),
        (world.now() - modifiedAt) / 1000,
      )
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      throw new BtkitError('io', `${path}: not the state of a tracker (${error.message})`)
    }
    const copy = `${path}.bttrack`
    this.#beforeSaving = async () => {
      await copyFile(path, copy, constants.COPYFILE_EXCL).catch((error: unknown) => {
        if (osCodeOf(error) !== 'EEXIST') throw error
      })
      world.warn(`${path}: state of bttrack imported; the original is kept as ${copy}`)
    }
  }

  async #restore(
    slices: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    age: number,
  ): Promise<void> {
    const restorer = this.store.restore(Math.max(0, age))
    for await (const slice of slices) restorer.write(slice)
    restorer.end()
  }

  #setDamagedAside(): void {
    const { path, world } = this
    this.#beforeSaving = async () => {
      const aside = await setAside(path, world.now())
      const why = `renamed to ${aside}, and the tracker starts without peers`
      world.warn(`${path}: a damaged state cannot be read; ${why}`)
    }
  }
}

const PICKLE = "perhaps a dfile in Python's pickle format; btkit reads only bencode"

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (osCodeOf(error) === 'ENOENT') return null
    throw asBtkitError(error, path)
  }
}

/** A part of a file. */
interface FilePart {
  readonly file: FileHandle
  /** The buffer for each read. */
  readonly buffer: Buffer
  readonly from: number
  readonly to: number
}

/** Whether the digest at the end matches the rest of the file. */
async function isWhole({ file, buffer, to }: FilePart): Promise<boolean> {
  const hash = createHash('sha256')
  for await (const chunk of chunksOf({ file, buffer, from: 0, to })) hash.update(chunk)
  const digest = Buffer.alloc(SHA256)
  const { bytesRead } = await file.read(digest, 0, SHA256, Math.max(0, to))
  return bytesRead === SHA256 && hash.digest().equals(digest)
}

/**
 * Reads a part in pieces. Each piece is valid until the next. All share one buffer, because
 * separate buffers would use as much memory as a large state has bytes.
 */
async function* chunksOf({ file, buffer, from, to }: FilePart): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, to - at), at)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}

/** Number of renamed files that are kept. */
const KEPT = 3

/**
 * Renames a file that cannot be used, for example to `tracker.state.damaged-1800000000000`, and
 * removes all but the newest such files. Returns the new path. `now` is in milliseconds since 1970.
 * @throws system errors unchanged
 */
export async function setAside(path: string, now: number): Promise<string> {
  const aside = `${path}.damaged-${now}`
  await rename(path, aside)
  await removeOldest(`${path}.damaged-`)
  return aside
}

async function removeOldest(beginning: string): Promise<void> {
  const directory = dirname(beginning)
  const names = (await readEntries(directory))
    .map(({ name }) => name)
    .filter((name) => name.startsWith(basename(beginning)) && /-\d+$/.test(name))
  const since = (name: string) => Number(/\d+$/.exec(name))
  for (const name of names.sort((a, b) => since(b) - since(a)).slice(KEPT)) {
    await rm(join(directory, name), { force: true })
  }
}

/** Version of the format. Files of other versions are not read. */
const VERSION = 1

const HEADER = /^btkit tracker state (\d{1,9}) (\d{1,15})\n/

/** The longest header in bytes. */
const MAX_HEADER = 64

/**
 * Parses the header at the start of the bytes; null if they are not a state of btkit. `length` is
 * in bytes, and `savedAt` in seconds since 1970.
 */
function readStateHeader(bytes: Uint8Array) {
  const text = Buffer.from(bytes.subarray(0, MAX_HEADER)).toString('latin1')
  const [header, version, savedAt] = HEADER.exec(text) ?? []
  if (header === undefined) return null
  const isKnown = Number(version) === VERSION
  return { length: header.length, isKnown, savedAt: Number(savedAt) }
}

const WORDS = 'btkit tracker state '

/**
 * Whether a file without a valid header was a state of btkit: its header is cut off, or the file
 * begins with zeros, as after a power failure.
 */
function isBrokenHeader(beginning: Uint8Array): boolean {
  const text = Buffer.from(beginning).toString('latin1')
  return beginning.every((byte) => byte === 0) || WORDS.startsWith(text) || text.startsWith(WORDS)
}

/** Yields a state in the form in which it is saved: header, swarms, digest. */
async function* formatState(
  swarms: Iterable<Uint8Array>,
  savedAt: number,
  pause?: () => Promise<void>,
) {
  const hash = createHash('sha256')
  const header = Buffer.from(`btkit tracker state ${VERSION} ${Math.floor(savedAt)}\n`)
  hash.update(header)
  yield header
  for (const slice of swarms) {
    hash.update(slice)
    yield slice
    await pause?.()
  }
  yield hash.digest()
}

/** The largest `dfile` that is read, in bytes. */
const MAX_OLD_STATE = 512 * 1024 * 1024

const LATIN1 = 'latin1'

/**
 * Converts a `dfile` of bttrack into the records that SwarmStore saves: peers and number of
 * downloads of each torrent. Invalid entries are skipped.
 * @throws BtkitError `bencode` if the bytes are not bencoded
 */
function* convertOldState(bytes: Uint8Array): Generator<Uint8Array, void> {
  const { value } = readBencode(bytes, { maxSize: MAX_OLD_STATE, maxDepth: 20 })
  if (!(value instanceof Map)) throw new BtkitError('bencode', 'not a dictionary')
  // The oldest versions saved only the peers
  const peers = asDict(value.get('peers') ?? value)
  const completed = asDict(value.get('completed'))
  for (const hash of new Set([...peers.keys(), ...completed.keys()])) {
    const infoHash = Buffer.from(hash, LATIN1)
    if (infoHash.length !== 20) continue
    const swarm = new Uint8Array(SWARM_SIZE)
    const count = Math.min(asCount(completed.get(hash)), 0xffffffff)
    new RecordWriter(swarm).swarm(0, infoHash, count)
    yield swarm
    for (const [id, peer] of asDict(peers.get(hash))) {
      const record = convertPeer(Buffer.from(id, LATIN1), asDict(peer))
      if (record) yield record
    }
  }
  yield Uint8Array.of(RecordKind.end)
}

function convertPeer(id: Buffer, peer: BencodeDict): Uint8Array | null {
  const address = parseAddress(asText(peer.get('ip')))
  const port = asCount(peer.get('port'))
  if (id.length !== 20 || !address || port > 65535) return null
  const isV6 = !asText(peer.get('ip')).includes('.')
  const isSeed = peer.get('left') === 0
  const flags = (isV6 ? PeerFlag.v6 : 0) | (isSeed ? PeerFlag.seed : 0)
  const record = new Uint8Array(isV6 ? PEER6_SIZE : PEER4_SIZE)
  const writer = new RecordWriter(record)
  writer.peer(0, { flags, age: 0, port, key: 0, peerId: id, address })
  return record
}

function asDict(value: BencodeValue | undefined): BencodeDict {
  return value instanceof Map ? value : new Map<string, BencodeValue>()
}

function asCount(value: BencodeValue | undefined): number {
  return typeof value === 'number' && value > 0 ? value : 0
}

function asText(value: BencodeValue | undefined): string {
  return isByteString(value) ? Buffer.from(value).toString(LATIN1) : ''
}
