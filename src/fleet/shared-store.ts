import { setImmediate } from 'node:timers/promises'
import type { RedisClient } from '../redis/client.js'
import type { RedisLink } from '../redis/link.js'
import { countUp, readCounts, type MachineCounts } from './machine-counts.js'
import { readRecords, type Wanted } from './read-records.js'
import { EPOCHS_KEY, WRONG_KEY } from './sealed-record.js'

/** Most records of a round trip, and most bytes that it may write or read. */
const MOST = 1000
const MOST_BYTES = 1024 * 1024
const MOST_BYTES_READ = 32 * 1024 * 1024

/** The largest record in bytes: the SHA-1 digests of 800,000 pieces. */
export const MOST_OF_RECORD = 16 * 1024 * 1024

/** Milliseconds that records wait for others before they are written. */
const WRITE_DELAY_MS = 50

/** Records in Redis. Every call does nothing while Redis is gone. */
export class SharedStore {
  readonly #link: RedisLink
  readonly #lifeSeconds: number
  readonly #asked: Asked[] = []
  #asking: Promise<void> | null = null
  #writes = new Map<string, Uint8Array>()
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<unknown> = Promise.resolve()
  #epochs: MachineCounts | null = null

  /** Records expire after `lifeSeconds`. */
  constructor(link: RedisLink, lifeSeconds: number) {
    this.#link = link
    this.#lifeSeconds = lifeSeconds
  }

  /** The epochs of machines as of the last exchange; null before the first. */
  get epochs(): MachineCounts | null {
    return this.#epochs
  }

  /**
   * Returns at most the first `bytes` under each key, or null: strangers may have written much more.
   * Calls of the same turn of the event loop share a round trip.
   */
  read(wanted: readonly Wanted[]): Promise<readonly (Buffer | null)[]> {
    const found: (Buffer | null)[] = wanted.map(() => null)
    if (this.#link.isGone() || found.length === 0) return Promise.resolve(found)
    return new Promise((resolve) => {
      let left = found.length
      for (const [i, { key, bytes }] of wanted.entries()) {
        const give = (record: Buffer | null) => {
          found[i] = record
          if (--left === 0) resolve(found)
        }
        this.#asked.push({ key, bytes, give })
      }
      this.#asking ??= this.#ask().finally(() => {
        this.#asking = null
      })
    })
  }

  async #ask(): Promise<void> {
    while (this.#asked.length > 0) {
      await setImmediate()
      const { batch, bytes } = this.#nextBatch()
      const answers = await this.#link.ask(
        async (client) => {
          const [epochs, found] = await Promise.all([
            readCounts(client, EPOCHS_KEY),
            readRecords(client, batch),
          ])
          this.#epochs = epochs
          return found
        },
        { bytes },
      )
      for (const [i, { give }] of batch.entries()) give(answers?.[i] ?? null)
    }
  }

  #nextBatch(): { batch: Asked[]; bytes: number } {
    let [count, bytes] = [0, 0]
    while (count < MOST && count < this.#asked.length && bytes < MOST_BYTES_READ) {
      bytes += this.#asked[count++]?.bytes ?? 0
    }
    return { batch: this.#asked.splice(0, count), bytes }
  }

  /** Reads the epochs of machines. */
  async readEpochs(): Promise<void> {
    const read = (client: RedisClient) => readCounts(client, EPOCHS_KEY)
    this.#epochs = (await this.#link.ask(read)) ?? this.#epochs
  }

  /** Writes bytes under a key soon, together with others. */
  write(key: string, value: Uint8Array): void {
    if (value.length > MOST_OF_RECORD || this.#link.isGone()) return
    this.#writes.set(key, value)
    this.#bytes += value.length
    if (this.#writes.size >= MOST || this.#bytes >= MOST_BYTES) void this.flush()
    else this.#timer ??= setTimeout(() => void this.flush(), WRITE_DELAY_MS)
  }

  /** Resolves when Redis has all records written so far, or is gone. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const writes = [...this.#writes]
    const bytes = this.#bytes
    this.#writes = new Map()
    this.#bytes = 0
    if (writes.length > 0) {
      const write = () => this.#write(writes, bytes)
      this.#writing = this.#writing.then(write)
    }
    await this.#writing
  }

  #write(writes: readonly [string, Uint8Array][], bytes: number): Promise<unknown> {
    return this.#link.ask(
      (client) =>
        Promise.all(
          writes.map(([key, value]) => {
            return client.set(key, Buffer.from(value), 'EX', this.#lifeSeconds)
          }),
        ),
      { isWrite: true, bytes },
    )
  }

  /** Removes a wrong record, and counts it for the machine that it came from. */
  async removeWrong(key: string, machine: string): Promise<void> {
    this.#writes.delete(key)
    await this.#link.ask(
      (client) =>
        Promise.all([client.del(key), countUp(client, { key: WRONG_KEY, machine, otherwise: 1 })]),
      { isWrite: true },
    )
  }

  async close(): Promise<void> {
    await this.flush()
    this.#link.close()
  }
}

interface Asked extends Wanted {
  readonly give: (record: Buffer | null) => void
}
