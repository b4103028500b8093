import { setImmediate } from 'node:timers/promises'
import { BtkitError } from '../../base/errors.js'
import { monotonicNow } from '../../base/process.js'
import { trace } from '../../base/text/trace.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { InfoHash } from '../../metainfo/values.js'
import { clientInfoHash } from '../publish/client.js'
import { DataProblem } from '../publish/local-data.js'
import type { PublishOutcome } from '../publish/publish.js'
import { type GivenRecord, addressesOf, UNKNOWN } from './given.js'
import { QUIET, type SeenData, UnsettledData } from './whole-data.js'

/** The torrents that are to be seeded at a moment. */
export interface WantedTorrents {
  /**
   * By name, a text that identifies the state of the .torrent file; null if nobody can know now.
   */
  readonly stamps: ReadonlyMap<string, string> | null
  /** Whether a torrent is not there any more; false if that is unknown. */
  readonly isGone: (torrent: string) => boolean
  /** By directory, why it cannot be examined. */
  readonly problems: ReadonlyMap<string, Error>
}

/** Where torrents to seed come from. `T` is one whose data is whole. */
export interface TorrentSource<T> {
  readonly look: () => Promise<WantedTorrents>
  /** Yields torrents in their order, or why a .torrent file cannot be read. */
  readonly read: (torrents: readonly string[]) => TorrentReading
  /**
   * Finds the whole data of a torrent. `seen` remembers what was found out before.
   * @throws BtkitError if it is not there
   */
  readonly find: (metainfo: Metainfo, torrent: string, seen: SeenData) => Promise<T>
}

type TorrentReading = AsyncGenerator<Metainfo | Error, undefined>

/** A torrent, by its name and its info hash. */
export interface NamedHash {
  readonly torrent: string
  readonly infoHash: InfoHash
}

/** The own seed of btkit, or a client. */
export interface SeedTarget<T> {
  /** Number of torrents that are read and added together. */
  readonly atOnce: number
  readonly given: GivenRecord
  /** Returns the info hashes that it seeds, in a set that the keeper keeps up to date. */
  readonly list: () => Promise<Set<InfoHash>>
  /** Adds torrents. The outcomes are in their order. */
  readonly add: (torrents: readonly T[]) => Promise<readonly PublishOutcome[]>
  /**
   * Removes torrents, except those that are not its own. Returns the names of the removed ones.
   * Others of these names may come in their place.
   */
  readonly remove: (
    torrents: readonly NamedHash[],
    mayReturn: boolean,
  ) => Promise<ReadonlySet<string>>
}

/** Receives the changes of an update. */
export interface KeeperEvents {
  /**
   * `before` is the info hash that the torrent of this name had; null for a new one. `given` is the
   * one that the target had, if it was given a torrent of this name before.
   */
  readonly onAdded?: (
    outcome: PublishOutcome,
    before: InfoHash | null,
    given: InfoHash | null,
  ) => void
  readonly onDropped?: (torrent: NamedHash, isRemoved: boolean) => void
  /** Called once for each problem, until it changes; `what` is a torrent or a directory. */
  readonly onProblem: (what: string, problem: unknown) => void
  /**
   * Receives how many torrents of an update have problems beside those that it reported; absent:
   * all are.
   */
  readonly onMore?: (count: number) => void
  /** Called at the end of an update. */
  readonly onUpdated?: () => void
}

/** A torrent that is not seeded. */
interface LackingTorrent extends Pick<Metainfo, 'name' | 'size'> {
  readonly infoHash: InfoHash
  readonly reason: string
  /** When that was seen, by `monotonicNow`. */
  readonly seenAt: number
}

interface Lacking {
  readonly stamp: string
  readonly seen: SeenData
  /** Null while it is being looked at, or if its .torrent file cannot be read. */
  torrent: LackingTorrent | null
  /**
   * Whether it is looked at again in its turn; one that the target refused is added again at once.
   */
  waits: boolean
}

/**
 * Torrents whose data is not whole, and that are looked at again in one update, unless one of them
 * is back.
 */
const LACKING_AT_ONCE = 100

/** Most lines of a kind about one update: a disk may be gone that has the data of thousands. */
export const MOST_TOLD = 20

/** One update. */
interface Turn {
  readonly stamps: ReadonlyMap<string, string>
  readonly seeding: Set<InfoHash>
  /** By info hash, the torrent that is seeded, or about to be added. */
  readonly holders: Map<InfoHash, string>
}

/** Keeps a target seeding the torrents of a source while they and their data stay as they are. */
export class SeedKeeper<T extends { readonly torrent: string; readonly metainfo: Metainfo }> {
  /** The one that was looked at longest ago comes first. */
  readonly #lacking = new Map<string, Lacking>()
  /** The last report for each torrent or directory. */
  readonly #told = new Map<string, string>()
  /** Milliseconds until data can be seeded that was written just now. */
  #wait = Infinity
  /** Problems in this update that were not reported before. */
  #problems = 0

  constructor(
    private readonly source: TorrentSource<T>,
    private readonly target: SeedTarget<T>,
    private readonly events: KeeperEvents,
  ) {}

  /** The torrents that are not seeded, by name. Another one with the same info hash may be. */
  *lacking(): Generator<readonly [name: string, torrent: LackingTorrent]> {
    for (const [name, { torrent }] of this.#lacking) if (torrent) yield [name, torrent]
  }

  /**
   * Looks at all torrents, and at the data of some. Adds those that are new or that the target
   * lost, and removes those that are gone. Returns the milliseconds after which data can be seeded
   * that was written just now; infinite if there is none.
   * @throws BtkitError as the target, and `interrupted`
   */
  async update(): Promise<number> {
    const { source, target } = this
    this.#wait = Infinity
    this.#problems = 0
    const { stamps, isGone, problems } = await source.look()
    for (const [what, problem] of problems) this.#tell(what, problem)
    // The torrents that were found before are seeded meanwhile
    if (stamps === null) return Infinity
    for (const notes of [this.#lacking, this.#told])
      for (const name of notes.keys()) if (isGone(name) && !problems.has(name)) notes.delete(name)
    const turn: Turn = { stamps, seeding: await target.list(), holders: new Map() }
    const gone: NamedHash[] = []
    for (const [torrent, { infoHash }] of target.given.torrents)
      if (isGone(torrent)) gone.push({ torrent, infoHash })
    await this.#drop(gone, turn, false)
    for (const name of target.given.settings.keys())
      if (isGone(name)) target.given.settle(name, null)
    const due = this.#due(turn)
    if (due.length > 0) this.#noteHolders(turn)
    const looked = new Set(due)
    while (due.length > 0) {
      const lacking = due.filter((name) => this.#lacking.has(name))
      await this.#takeAll(due.splice(0), turn)
      if (lacking.every((name) => this.#lacking.has(name))) break
      // The disk is back, and perhaps with the data of all others
      due.push(...this.#waiting(turn, looked))
      for (const name of due) looked.add(name)
    }
    const more = this.#problems - MOST_TOLD
    if (more > 0) this.events.onMore?.(more)
    this.events.onUpdated?.()
    return this.#wait
  }

  async #takeAll(names: readonly string[], turn: Turn): Promise<void> {
    const { source, target } = this
    const reading = source.read(names)
    for (let i = 0; i < names.length; i += target.atOnce) {
      await this.#take(names.slice(i, i + target.atOnce), reading, turn)
      // Peers have their turn
      await setImmediate()
    }
  }

  /** The torrents to read: new, changed and lost ones, and some of those that were not seeded. */
  #due(turn: Turn): string[] {
    const { stamps, seeding } = turn
    const due = new Set<string>()
    for (const [name, stamp] of stamps) {
      const given = this.target.given.torrents.get(name)
      const lacking = this.#lacking.get(name)
      const isSeeded = given?.stamp === stamp && seeding.has(given.infoHash)
      const waits = !given && lacking?.stamp === stamp && lacking.waits
      if (!isSeeded && !waits) due.add(name)
    }
    return [...due, ...this.#waiting(turn, due)]
  }

  /** Some of the torrents that were not seeded, except those that were looked at. */
  #waiting({ stamps }: Turn, looked: ReadonlySet<string>): string[] {
    const waiting = [...this.#lacking.keys()].filter((name) => {
      return stamps.has(name) && !looked.has(name)
    })
    return waiting.slice(0, LACKING_AT_ONCE)
  }

  #noteHolders({ seeding, holders }: Turn): void {
    for (const [name, { infoHash }] of this.target.given.torrents)
      if (seeding.has(infoHash) && !holders.has(infoHash)) holders.set(infoHash, name)
  }

  /** Forgets torrents, and removes those of which no twin is left. A twin is looked at again. */
  async #drop(
    torrents: readonly NamedHash[],
    { seeding, holders }: Turn,
    mayReturn = true,
  ): Promise<void> {
    const { target, events } = this
    if (torrents.length === 0) return
    const names = new Set(torrents.map(({ torrent }) => torrent))
    const heirs = new Map<InfoHash, string>()
    for (const [name, { infoHash }] of target.given.torrents)
      if (!names.has(name) && !heirs.has(infoHash)) heirs.set(infoHash, name)
    const over = torrents.filter(({ infoHash }) => !heirs.has(infoHash))
    const removed = over.length > 0 ? await target.remove(over, mayReturn) : new Set()
    for (const each of torrents) {
      const { torrent, infoHash } = each
      const heir = heirs.get(infoHash)
      trace(
        () => `${torrent}: given up${heir === undefined ? '' : `; ${heir} is the same torrent`}`,
      )
      if (heir !== undefined) target.given.put(heir, target.given.again(torrent, infoHash))
      else seeding.delete(infoHash)
      if (mayReturn) target.given.put(torrent, null)
      else target.given.settle(torrent, null)
      holders.delete(infoHash)
      events.onDropped?.(each, removed.has(torrent))
    }
    await target.given.flush()
  }

  /**
   * Reads torrents, finds their data, and adds them. Each replaces the previous one of its name.
   *
   * 1. A torrent whose info hash changed first drops the old one.
   * 2. Of two torrents with one info hash, only the first is added; the other is its twin.
   * 3. The record gets each torrent that the target took, with the stamp of its file.
   * 4. A torrent that the target refused keeps its record if it had that info hash before: the
   *    target may still have it, with its old addresses.
   */
  async #take(names: readonly string[], reading: TorrentReading, turn: Turn): Promise<void> {
    const { given } = this.target
    const before = new Map(names.map((name) => [name, given.torrents.get(name)]))
    const read = new Map<string, Metainfo>()
    const replaced: NamedHash[] = []
    for (const torrent of names) {
      const metainfo = await this.#read(torrent, reading, turn)
      if (!metainfo) continue
      read.set(torrent, metainfo)
      const infoHash = before.get(torrent)?.infoHash
      if (infoHash && infoHash !== clientInfoHash(metainfo)) replaced.push({ torrent, infoHash })
    }
    await this.#drop(replaced, turn)
    const { ready, twins } = await this.#findAll(read, turn)
    const outcomes = ready.length > 0 ? await this.target.add(ready) : []
    for (const outcome of outcomes) {
      const { torrent, infoHash, status, reason, code } = outcome
      const old = before.get(torrent)
      if (status === 'failed') {
        // The target may still have it, with its old addresses
        given.put(torrent, old?.infoHash === infoHash ? old : null)
        const refusal = new BtkitError(code ?? 'client', reason ?? 'refused')
        this.#note(torrent, refusal, { metainfo: read.get(torrent), waits: false })
        continue
      }
      const stamp = turn.stamps.get(torrent) ?? UNKNOWN
      const metainfo = read.get(torrent)
      given.settle(torrent, { infoHash, stamp, addresses: metainfo && addressesOf(metainfo) })
      turn.seeding.add(infoHash)
      for (const notes of [this.#lacking, this.#told]) notes.delete(torrent)
      // The target took a changed file in place of the one before, or a twin of one that is gone
      const isChanged = status === 'published' || old?.stamp === UNKNOWN
      const isNew = isChanged && old?.infoHash === infoHash && old.stamp !== stamp
      const oldHash = old?.infoHash ?? null
      this.events.onAdded?.(outcome, isNew ? null : oldHash, oldHash)
    }
    for (const { torrent, infoHash } of twins) {
      // Without the other one, this one is added with the next update
      if (!turn.seeding.has(infoHash)) continue
      given.settle(torrent, { infoHash, stamp: turn.stamps.get(torrent) ?? UNKNOWN })
    }
    await given.flush()
  }

  /** Finds the data of torrents. A torrent that was given and lost its data is dropped. */
  async #findAll(read: ReadonlyMap<string, Metainfo>, turn: Turn) {
    const ready: T[] = []
    const twins: NamedHash[] = []
    const lost: NamedHash[] = []
    for (const [torrent, metainfo] of read) {
      const infoHash = clientInfoHash(metainfo)
      if (this.#isTwin({ torrent, infoHash }, turn)) {
        twins.push({ torrent, infoHash })
        continue
      }
      const whole = await this.#find(torrent, metainfo)
      if (whole) {
        ready.push(whole)
        turn.holders.set(infoHash, torrent)
      } else if (this.target.given.torrents.get(torrent)) lost.push({ torrent, infoHash })
    }
    await this.#drop(lost, turn)
    return { ready, twins }
  }

  /** Whether another torrent has this info hash. */
  #isTwin({ torrent, infoHash }: NamedHash, { holders }: Turn): boolean {
    const holder = holders.get(infoHash)
    if (holder === undefined || holder === torrent) return false
    const ignored = new BtkitError('exists', `the same torrent as ${holder}; ignored`)
    if (!this.target.given.torrents.has(torrent)) this.#tell(torrent, ignored)
    this.#lacking.delete(torrent)
    return true
  }

  /** Reads the next torrent. Returns null after saying why it cannot be read. */
  async #read(name: string, reading: TorrentReading, { stamps }: Turn): Promise<Metainfo | null> {
    const stamp = stamps.get(name) ?? UNKNOWN
    const before = this.#lacking.get(name)
    const seen: SeenData = before?.stamp === stamp ? before.seen : new Map()
    this.#lacking.delete(name)
    this.#lacking.set(name, { stamp, seen, torrent: null, waits: false })
    const { value } = await reading.next()
    if (value instanceof Error) this.#note(name, value, { waits: true })
    return value instanceof Error ? null : (value ?? null)
  }

  /** Finds the data of a torrent. Returns null after saying why it is not whole. */
  async #find(name: string, metainfo: Metainfo): Promise<T | null> {
    try {
      return await this.source.find(metainfo, name, this.#lacking.get(name)?.seen ?? new Map())
    } catch (error) {
      const isEarly = error instanceof UnsettledData
      if (isEarly) this.#wait = QUIET
      this.#note(name, error, { metainfo, waits: !isEarly })
      return null
    }
  }

  /** Notes why a torrent is not seeded, whatever that is: it is no reason to end the others. */
  #note(
    torrent: string,
    problem: unknown,
    { metainfo, waits }: { readonly metainfo?: Metainfo | undefined; readonly waits: boolean },
  ): void {
    if (problem instanceof BtkitError && problem.code === 'interrupted') throw problem
    const reason = problem instanceof Error ? problem.message : String(problem)
    const lacking = this.#lacking.get(torrent)
    if (lacking && metainfo) {
      const { name, size } = metainfo
      lacking.torrent = {
        name,
        size,
        infoHash: clientInfoHash(metainfo),
        reason,
        seenAt: monotonicNow(),
      }
    }
    if (lacking) lacking.waits = waits
    trace(() => `${torrent}: not seeded: ${reason}`)
    this.#tell(torrent, problem)
  }

  #tell(what: string, problem: unknown): void {
    const isSized = problem instanceof DataProblem
    const words = isSized
      ? problem.gist
      : problem instanceof Error
        ? problem.message
        : String(problem)
    if (this.#told.get(what) === words) return
    this.#told.set(what, words)
    if (!this.events.onMore || this.#problems++ < MOST_TOLD) this.events.onProblem(what, problem)
  }
}

/**
 * Returns a problem that a keeper reports, with a name in front unless the message begins with it.
 */
export function nameProblem(what: string, problem: unknown): Error {
  if (problem instanceof BtkitError && !problem.message.startsWith(what)) return problem.of(what)
  return problem instanceof Error ? problem : new Error(String(problem))
}
