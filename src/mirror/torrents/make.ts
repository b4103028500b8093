import { setTimeout } from 'node:timers/promises'
import { isRaw } from '../../base/text/raw-path.js'
import { formatMirrorPath, NOT_UTF8 } from '../tree/mirror.js'
import type { Content } from '../../core/digests/content.js'
import {
  type Engine,
  hashContent,
  type HashContext,
  type HashedContent,
  isSmallFile,
  requireAllUnchanged,
} from '../../core/digests/hash-content.js'
import { composeSteps, type InfoOptions, InfoRequest, recallInfo } from '../../core/digests/info.js'
import { unknownPieces, type PieceTable, unreadOf } from '../../core/digests/piece-table.js'
import { BtkitError } from '../../base/errors.js'
import { trace } from '../../base/text/trace.js'
import { warnOnce } from '../../base/warn-once.js'
import type { TorrentCore } from '../../metainfo/build/torrent.js'
import { NotReady, notFound, Refusal } from '../../server/headers/refusal.js'
import type { ServerContext } from '../../server/context.js'
import { doInTurns, eachNumber } from '../../base/steps.js'
import type { Planner } from '../../server/admission/planner.js'
import { type Budget, unlimitedBudget } from '../../server/admission/memory.js'
import { type Queue, QueuedJob, type QueuedWork } from '../../server/admission/queue.js'
import type { ServiceOptions } from '../options.js'
import { progressOf, titleOf } from './progress.js'
import { isQuiet, LOOKS, QUIET_PERIOD, refuseYoung } from './file-changes.js'
import type { Flight } from './flights.js'
import type { CurrentTorrent } from './known-results.js'
import { servedTorrent, type ServedTorrent, type Placement } from './served-torrent.js'

/** A torrent to be made, and where its files are found. */
export interface MirrorSource {
  /** Distinguishes it from all others. */
  readonly key: string
  /**
   * Estimated work to look up its files, which waits for its turn; see PlannedWork. Null for a
   * single file: it is one look.
   */
  readonly effort: number | null
  /** Whether it is only compared with the operator's own torrent. */
  readonly isCompared?: boolean
  /** The state of its only file, if that was just looked up: see stateOf. */
  readonly state?: string | null
  /** Whether the file is still in that state: see CurrentTorrent. */
  readonly isSameNow?: CurrentTorrent['isSameNow']
  /**
   * Looks up its files. Rejects with BtkitError if they cannot be read, and with the budget's
   * errors.
   */
  readonly look: (budget: Budget) => Promise<PlacedContent>
}

/** The current content of a torrent. */
export interface PlacedContent extends Placement {
  readonly content: Content
  readonly options: InfoOptions
  /** The state of its only file; null for several. */
  readonly state: string | null
}

/** Work on a torrent for those who wait for it. */
export type TorrentWork = Pick<
  Flight<unknown>,
  'client' | 'first' | 'signal' | 'memory' | 'progress'
>

/** A torrent of the files as they were looked up. */
export interface ObtainedTorrent extends Pick<PlacedContent, 'content' | 'options'> {
  readonly torrent: ServedTorrent
  readonly from: 'memory' | 'cache' | 'files'
  /** The start of the look, by the monotonic clock. */
  readonly checkedAt: number
}

/** The rest of a torrent that must be read. */
interface Unread extends Required<Pick<QueuedWork, 'size' | 'files'>> {
  /** The known digests; null if they must be looked up again. */
  table: PieceTable | null
}

/** The result of a look that found nobody writing. */
interface Look extends PlacedContent, Pick<ObtainedTorrent, 'checkedAt'> {
  readonly state: string
  readonly request: InfoRequest
  /** The torrent as it was sent before, or composed from the cache; or what it lacks. */
  readonly recalled: ServedTorrent | TorrentCore | Unread
  /** Number of jobs that had ended when the cache was asked. */
  readonly ended: number
}

/** The warning about a path that cannot be read. */
const LEFT_OUT = 'cannot be read, so torrents leave it out; correct its permissions'

/** Most paths of which the operator is warned. */
const MAX_WARNED = 1000

/** Makes torrents of files as they are. It reads only pieces whose digests are unknown. */
export class Maker {
  readonly #warn: ReturnType<typeof warnOnce>

  constructor(
    private readonly planner: Planner,
    private readonly hashing: Queue,
    private readonly hashContext: HashContext,
    private readonly options: Pick<ServiceOptions, 'minAge'>,
    private readonly world: Pick<ServerContext, 'monotonic' | 'warn'>,
  ) {
    this.#warn = warnOnce(world.warn, MAX_WARNED)
  }

  /**
   * Looks up the files and makes the torrent, unless it is the one that was sent before.
   * @throws Refusal, also the signal's reason; BtkitError if the files cannot be read
   */
  async make(
    source: MirrorSource,
    work: TorrentWork,
    before?: ServedTorrent,
  ): Promise<ObtainedTorrent> {
    for (let tries = 0; tries < 2; tries++) {
      try {
        const look = await this.#lookUntilQuiet(source, work, before)
        const obtained = await this.#complete(look, work)
        const { content, from } = obtained
        trace(
          () => `${content.name}: its torrent comes from ${from === 'memory' ? '' : 'the '}${from}`,
        )
        return obtained
      } catch (error) {
        if (!isChange(error)) throw error
      }
    }
    throw new NotReady('the files change while they are read; try again in 10 s', 10)
  }

  /** Looks up the files repeatedly until nobody writes to them. */
  async #lookUntilQuiet(
    source: MirrorSource,
    work: TorrentWork,
    known?: ServedTorrent,
  ): Promise<Look> {
    const { effort } = source
    let content: Content | null = null
    for (let count = 0; count < LOOKS; count++) {
      const look: Look | PlacedContent = await (effort === null
        ? this.#look(source, unlimitedBudget(work), content, known)
        : this.planner.run(
            { ...work.first, signal: work.signal, memory: work.memory, size: effort },
            (budget) => {
              // Frees the memory of the last look
              work.memory.clear()
              return this.#look(source, budget, content, known)
            },
          ))
      if ('recalled' in look) return look
      content = look.content
      await setTimeout(QUIET_PERIOD)
    }
    throw new BtkitError('changed', 'the files are being written')
  }

  /**
   * Looks up the files once, and in the cache if nobody writes to them. `before` is the content a
   * moment ago, and `known` the torrent that was sent before.
   */
  async #look(
    source: MirrorSource,
    budget: Budget,
    before: Content | null,
    known: ServedTorrent | undefined,
  ): Promise<Look | PlacedContent> {
    const { trust, now } = this.hashContext.cacheAccess
    const checkedAt = this.world.monotonic()
    const found = await source.look(budget)
    const { content, options } = found
    for (const path of found.omitted)
      this.#warn(path, `${formatMirrorPath([path])}: ${isRaw(path) ? NOT_UTF8 : LEFT_OUT}`)
    refuseYoung(content.files, this.options.minAge, trust, now)
    if (!isQuiet(content, now(), before)) return found
    const request = new InfoRequest(content, options, trust)
    const input = found.state ?? (await doInTurns(request.inputSteps(), budget))
    const state = typeof input === 'string' ? input : Buffer.from(input).toString('base64')
    const look = { ...found, state, request, checkedAt, ended: this.hashing.ended }
    if (known && isSame(known, look)) return { ...look, recalled: known }
    await budget.pause()
    const recalled = await doInTurns(recallInfo(request, this.hashContext.cacheAccess), budget)
    if ('info' in recalled) return { ...look, recalled }
    const { files: unread, bytes } = unreadOf(content, recalled)
    const files = new Set<string>()
    const enter = (i: number) => void files.add(unread.absolutePathAt(i))
    await doInTurns(eachNumber(unread.length, enter), budget)
    const size = bytesLeft(content, recalled, bytes)
    return { ...look, recalled: { table: recalled, files, size } }
  }

  /** Completes a torrent of which the cache knows nothing or a part. */
  async #complete(look: Look, work: TorrentWork): Promise<ObtainedTorrent> {
    const { recalled, content, options, state, checkedAt, directory, omitted } = look
    const made = { content, options, checkedAt }
    if ('infoHash' in recalled) return { ...made, torrent: recalled, from: 'memory' }
    const isRead = 'table' in recalled
    if (isRead && work.first.ahead?.infoHash) throw notFound('its hashes')
    const { info, pieceLayers, isSettled } = isRead
      ? await this.#read(look, recalled, work)
      : { ...recalled, isSettled: true }
    const placed = { state, directory, omitted, title: titleOf(content) }
    const parts = { info, pieceLayers, ...placed, isCacheable: isSettled }
    return { ...made, torrent: servedTorrent(parts, content), from: isRead ? 'files' : 'cache' }
  }

  /** Reads what is unknown, in its turn. */
  async #read(look: Look, unread: Unread, work: TorrentWork) {
    const { request, content, options, ended } = look
    const { hashing, hashContext } = this
    const { size, files } = unread
    const { client, first, signal } = work
    const { ahead } = first
    const job = new QueuedJob({ size, files, client, signal, isAhead: ahead !== undefined })
    work.progress = () => progressOf(titleOf(content), content.size, size, job.reached)
    const turn = hashing.enter(job)
    // Many torrents may wait, and the table of a large one takes megabytes
    if (turn) unread.table = null
    await turn
    try {
      // Others may have read the files meanwhile
      const known = ended === hashing.ended ? unread.table : null
      const recall = recallInfo(request, hashContext.cacheAccess)
      const recalled = known ?? (await doInTurns(recall, unlimitedBudget(work)))
      if ('info' in recalled) return { ...recalled, isSettled: true }
      // A small file is looked at when it is read
      if (turn && !isSmallFile(content))
        await requireAllUnchanged(unreadOf(content, recalled).files)
      const hashed = await this.#hash(content, recalled, job, work)
      // The `info` is not cached: it is quickly composed from digests, and strangers choose many
      // sets
      const turns = unlimitedBudget({ client })
      const core = await doInTurns(composeSteps(content, options, hashed), turns)
      return { ...core, isSettled: hashed.isSettled }
    } finally {
      hashing.end(job)
      // Digests then survive a kill; a failure is the cache's matter
      hashContext.cacheAccess.cache.flush().catch(() => undefined)
    }
  }

  /** Hashes pieces whose digests are unknown, unless nobody wants the torrent any more. */
  async #hash(
    content: Content,
    table: PieceTable,
    job: QueuedJob,
    { client, signal, first }: TorrentWork,
  ): Promise<HashedContent> {
    const { hashing, hashContext } = this
    const { engine } = hashContext
    const onProgress: Engine['onProgress'] = ({ bytesDone }) => {
      hashing.note(job, bytesDone)
    }
    hashing.note(job, 0)
    // Leaves other running jobs their share of threads
    const threads = Math.max(1, Math.floor(engine.threads / Math.max(1, hashing.running)))
    const ending = AbortSignal.any([engine.signal, signal])
    const own = { ...engine, throttle: first.ahead?.throttle, threads, onProgress, signal: ending }
    const guards = { isGuarded: true, turns: unlimitedBudget({ client }), refusesWritten: true }
    const context = { ...hashContext, engine: own, rules: { ...hashContext.rules, ...guards } }
    const hashed = await hashContent(content, context, table).catch((error: unknown) => {
      signal.throwIfAborted()
      throw error
    })
    // The other bytes were adopted from other machines
    hashing.note(job, hashed.bytesHashed)
    return hashed
  }
}

/**
 * Bytes to read for pieces whose digests are unknown, in version 1 with padding between files.
 * `bytes` are those without padding.
 */
function bytesLeft(content: Content, table: PieceTable, bytes: number): number {
  if (content.version !== 'v1') return bytes
  const { pieceLength, pieceCount, size } = content
  const short = table.isKnown.at(-1) === 0 ? pieceCount * pieceLength - size : 0
  return unknownPieces(table).length * pieceLength - short
}

/** Whether a torrent is the one that would be made now. */
function isSame(
  known: ServedTorrent,
  { state, omitted }: Pick<Look, 'state' | 'omitted'>,
): boolean {
  return known.state === state && known.omitted.join('\n') === omitted.join('\n')
}

/** Whether files changed or disappeared during the reading. */
function isChange(error: unknown): boolean {
  if (!(error instanceof BtkitError) || error instanceof Refusal) return false
  return error.code === 'changed' || error.code === 'not-found'
}
