import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { BtkitError } from '../../base/errors.js'
import type { RedisAddress } from '../../fleet/redis/client.js'
import type { RedisClient } from '../../fleet/redis/client.js'
import { patience, RedisLink } from '../../fleet/redis/link.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import { SwarmReader } from '../swarms/swarm-records.js'
import { PeerChanges } from './peer-changes.js'

/** One hash tag, so that a cluster keeps all keys at one place. */
const STREAM = 'btkit:{track}:changes'
/** The trackers, each with the size of its snapshot. */
const TRACKERS = 'btkit:{track}:trackers'
const SNAPSHOT = 'btkit:{track}:peers:'

/** Milliseconds between two exchanges, between two snapshots, and for which changes are kept. */
const PERIOD = 1000
const SNAPSHOT_PERIOD = 300_000
const KEPT = 600_000

/** The most entries whose time is in the future: five trackers add so many in `KEPT`. */
const MOST_ENTRIES = 3000

/** Seconds by which the clock of Redis differs from before if it was set. */
const MOST_DRIFT = 2

/** Seconds after which the snapshot of a tracker that stopped is removed. */
const SNAPSHOT_LIFETIME = 900

/** The largest snapshot in bytes, about 1.2 million peers. Further peers follow as changes. */
const MAX_SNAPSHOT = 60 * 2 ** 20

/** Entries that are read at once. With 50,000 changes each they have 37 MB. */
const ENTRIES = 10

/** Bytes that are applied before other work has its turn: a fraction of a millisecond. */
const SLICE = 16 * 1024

interface PeerExchangeParts {
  readonly address: RedisAddress
  readonly store: SwarmStore
  /** Whether this tracker tracks a torrent. */
  readonly allows: (infoHash: Uint8Array) => boolean
  /** Whether a peer at this address (16 bytes) may use this tracker. */
  readonly permits: (address: Uint8Array) => boolean
  /** Seconds on the clock of the swarms. */
  readonly now: () => number
  readonly warn: (message: string) => void
  /** Receives faults of the program, which are not those of the data. */
  readonly onError: (error: unknown) => void
}

/** A place in the stream: milliseconds since 1970 by the clock of Redis, and a number. */
type Place = readonly [ms: number, number: number]

const START: Place = [0, 0]

/**
 * Trades peers with the other trackers at a Redis, so that clients of different trackers find each
 * other. Each tracker answers from its own memory and goes on alone while Redis is gone.
 *
 * Changes go to a stream once a second. A snapshot of the own peers is for trackers that start, or
 * were away for longer than the stream keeps changes. A Redis that was gone may be another one, or
 * have lost entries that nobody had read. Therefore each tracker then writes a new snapshot, and an
 * entry by which the others read it.
 */
export class PeerExchange {
  /** The name of this run. */
  readonly #id = randomBytes(8).toString('hex')
  readonly #link: RedisLink
  readonly #changes: PeerChanges
  #isJoined = false
  /** Whether Redis answers, but takes no changes. */
  #isRefused = false
  #failures = 0
  #timer: NodeJS.Timeout | null = null
  #round: Promise<void> | null = null
  #isClosed = false
  #snapshotAt = 0
  /** All entries up to here are applied. */
  #place = START
  /** Redis' clock minus that of the swarms, in seconds. */
  #clockOffset = 0
  /** The most by which that may be wrong. */
  #uncertainty = Infinity
  /** The last entry of this tracker. */
  #sent = START

  constructor(private readonly parts: PeerExchangeParts) {
    const { address, store, warn, now } = parts
    // For the largest snapshot, at 20 MB/s
    const timeoutMs = 3 * patience.ms
    this.#link = new RedisLink(address, { warn, timeoutMs })
    this.#changes = new PeerChanges(store, now)
    store.onChange = this.#changes.note
  }

  /** Whether the last exchange succeeded. */
  get isJoined(): boolean {
    return this.#isJoined && !this.#isRefused
  }

  /** How often Redis was gone, or began to refuse changes. */
  get failures(): number {
    return this.#failures
  }

  /** Joins the other trackers, now or as soon as Redis is there. */
  async start(): Promise<void> {
    await this.#exchange()
    this.#wait()
  }

  /** Sends the last changes and ends. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#round
    if (this.#isJoined) await this.#send()
    this.#link.close()
  }

  #wait(): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#round = this.#exchange().finally(() => {
        this.#wait()
      })
    }, PERIOD).unref()
  }

  async #exchange(): Promise<void> {
    const wasJoined = this.#isJoined
    this.#isJoined = wasJoined ? await this.#trade() : await this.#join()
    if (wasJoined && !this.#isJoined) this.#failures += 1
    if (!wasJoined && this.#isJoined && this.#failures > 0)
      this.parts.warn(`${this.#link.label}: swarms are shared again`)
  }

  /** Sends and reads changes. Returns false if Redis is gone. */
  async #trade(): Promise<boolean> {
    if (!(await this.#measure()) || !(await this.#send()) || !(await this.#read())) return false
    return performance.now() - this.#snapshotAt < SNAPSHOT_PERIOD || this.#putSnapshot()
  }

  /**
   * Compares the clocks: that of Redis may be set. Then others would take its peers for too old, so
   * a new snapshot follows. Returns false if Redis is gone.
   */
  async #measure(): Promise<boolean> {
    const { now } = this.parts
    const asked = now()
    const time = await this.#link.ask((client) => client.time())
    if (time === null) return false
    const uncertainty = (now() - asked) / 2
    const offset = Number(time[0]) + Number(time[1]) / 1e6 - asked - uncertainty
    const change = Math.abs(offset - this.#clockOffset)
    if (change > MOST_DRIFT) this.#snapshotAt = -Infinity
    // A quick answer tells more than later slow ones, until they contradict it
    const isBetter = uncertainty < this.#uncertainty || change > uncertainty + this.#uncertainty
    if (isBetter) [this.#clockOffset, this.#uncertainty] = [offset, uncertainty]
    return true
  }

  /** Learns what the others know, and tells them what this tracker knows. */
  async #join(): Promise<boolean> {
    const trackers = (await this.#measure())
      ? await this.#link.ask((client) => client.hgetall(TRACKERS))
      : null
    if (trackers === null) return false
    let from: Place | null = null
    for (const id of Object.keys(trackers)) {
      if (id === this.#id) continue
      const place = await this.#readSnapshot(id)
      if (this.#link.isGone()) return false
      if (place && (!from || isAfter(from, place))) from = place
    }
    this.#place = from ?? START
    // Entries of another Redis do not count
    this.#sent = START
    const isSent = (await this.#read()) && (await this.#send()) && (await this.#read())
    if (!isSent || !(await this.#putSnapshot())) return false
    return (await this.#add({ snapshot: 'new' })) || !this.#link.isGone()
  }

  /** Sends the changes. They are kept if Redis does not take them. Returns false if it is gone. */
  async #send(): Promise<boolean> {
    await this.#changes.sendBy(({ at, bytes }) => {
      return this.#add({ changes: bytes, at: this.#redisSeconds(at) })
    })
    const isRefused = !this.#link.isGone() && !this.#changes.isEmpty
    if (isRefused && !this.#isRefused) this.#failures += 1
    this.#isRefused = isRefused
    return !this.#link.isGone()
  }

  /**
   * Adds an entry to the stream, and removes those that are too old. Returns whether it succeeded.
   */
  async #add(values: Readonly<Record<string, Buffer | string | number>>): Promise<boolean> {
    const now = Math.floor(1000 * this.#redisSeconds())
    // If the clock was ahead, all further entries get the time of the last one of then
    const isAhead = this.#place[0] > now + KEPT
    const limit = isAhead ? ['MAXLEN', '~', MOST_ENTRIES] : ['MINID', '~', Math.max(0, now - KEPT)]
    const fields = ['from', this.#id, ...Object.entries(values).flat()]
    const id = await this.#link.ask((client) => client.xadd(STREAM, ...limit, '*', ...fields), {
      isWrite: true,
    })
    this.#sent = placeOf(id ?? '') ?? this.#sent
    return id !== null
  }

  /**
   * Applies the entries of the others. Returns false if Redis is gone, or has lost the last entry
   * of this tracker.
   */
  async #read(): Promise<boolean> {
    for (;;) {
      const after = `(${this.#place.join('-')}`
      const entries = await this.#link.ask((client) => {
        return client.xrangeBuffer(STREAM, after, '+', 'COUNT', ENTRIES)
      })
      if (entries === null) return false
      for (const [id, fields] of entries) {
        const place = placeOf(id.toString())
        if (place === null) continue
        const entry = entryOf(fields)
        if (entry.from !== this.#id) {
          if (entry.changes) await this.#readRecords(entry.changes, entry.at)
          else await this.#readSnapshot(entry.from)
        }
        this.#place = place
      }
      if (entries.length < ENTRIES) return !isAfter(this.#sent, this.#place)
    }
  }

  /** Applies the snapshot of a tracker, and returns its place; null if there is none. */
  async #readSnapshot(id: string): Promise<Place | null> {
    if (!/^[\da-f]{16}$/.test(id)) return null
    const found = await this.#link.ask(async (client) => {
      return { value: await client.getBuffer(SNAPSHOT + id) }
    })
    const value = found?.value ?? null
    if (value === null) {
      if (found) await this.#link.ask((client) => client.hdel(TRACKERS, id), { isWrite: true })
      return null
    }
    const end = value.indexOf('\n')
    const [head = '', at = ''] = value.subarray(0, end).toString().split(' ')
    const place = placeOf(head)
    if (end === -1 || place === null) return null
    await this.#readRecords(value.subarray(end + 1), Number(at))
    return place
  }

  /**
   * Reads records of a time in seconds: adds peers under the rules of this tracker, and learns the
   * downloads. Records that make no sense end the reading.
   */
  async #readRecords(bytes: Uint8Array, time: number): Promise<void> {
    const { store, allows, permits } = this.parts
    const since = Math.max(0, this.#redisSeconds() - (time || 0))
    let swarm: Uint8Array | null = null
    let tracker = ''
    const reader = new SwarmReader({
      tracker: (id) => {
        tracker = id
      },
      swarm: (infoHash, downloads) => {
        swarm = allows(infoHash) ? Uint8Array.from(infoHash) : null
        if (swarm && tracker !== '') store.learnDownloads(tracker, swarm, downloads)
      },
      peer: (announce, age, isCounted) => {
        if (swarm === null || !permits(announce.address)) return
        store.apply({ ...announce, infoHash: swarm }, since + age / 1000, isCounted)
      },
    })
    try {
      for (let at = 0; at < bytes.length; at += SLICE) {
        reader.write(bytes.subarray(at, at + SLICE))
        if (at > 0) await setImmediate()
      }
    } catch (error) {
      if (!(error instanceof BtkitError)) {
        this.parts.onError(error)
        return
      }
      this.parts.warn(`${this.#link.label}: ${STREAM} has changes that cannot be read`)
    }
  }

  /** Writes the snapshot of the peers that announced here. Returns false if Redis is gone. */
  async #putSnapshot(): Promise<boolean> {
    this.#snapshotAt = performance.now()
    const slices: Uint8Array[] = [Buffer.from(`${this.#place.join('-')} ${this.#redisSeconds()}\n`)]
    let size = 0
    for (const slice of this.parts.store.saveOwn()) {
      if (size + slice.length > MAX_SNAPSHOT) break
      size += slice.length
      slices.push(Uint8Array.from(slice))
      await setImmediate()
    }
    const value = Buffer.concat(slices)
    const key = SNAPSHOT + this.#id
    await this.#link.ask(
      (client) =>
        Promise.all([
          client.set(key, value, 'EX', SNAPSHOT_LIFETIME),
          client.hset(TRACKERS, this.#id, value.length),
        ]),
      { isWrite: true },
    )
    return !this.#link.isGone()
  }

  /** A time on the clock of the swarms by that of Redis, in seconds since 1970. */
  #redisSeconds(now = this.parts.now()): number {
    return now + this.#clockOffset
  }
}

/** The fields of an entry. */
function entryOf(fields: Awaited<ReturnType<RedisClient['xrangeBuffer']>>[number][1]) {
  const values = new Map<string, Buffer>()
  for (let at = 0; at + 1 < fields.length; at += 2)
    values.set(String(fields[at]), fields[at + 1] ?? Buffer.alloc(0))
  const text = (name: string) => values.get(name)?.toString() ?? ''
  return { from: text('from'), changes: values.get('changes') ?? null, at: Number(text('at')) }
}

/** Reads a place; null if it is none. */
function placeOf(text: string): Place | null {
  const [, ms, number] = /^(\d{1,15})-(\d{1,15})$/.exec(text) ?? []
  return ms === undefined ? null : [Number(ms), Number(number)]
}

function isAfter(a: Place, b: Place): boolean {
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1])
}
