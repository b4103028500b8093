import { infoRequest, recallInfo, type InfoOptions } from '../../core/digests/info.js'
import type { HashContext } from '../../core/digests/hash-content.js'
import { isRacy } from '../../core/digests/settled.js'
import { BtkitError } from '../../errors.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { Throttle } from '../../hash/jobs/throttle.js'
import type { TorrentCore } from '../../metainfo/build/torrent.js'
import type { Metainfo, MetainfoVersion } from '../../metainfo/metainfo.js'
import { infoHashesOf } from '../../metainfo/info-hashes.js'
import { MirrorView, type Mirror } from '../tree/mirror.js'
import { type PieceLength, setContent } from '../pkgtorrent/set.js'
import { NotReady } from '../../server/answers/refusal.js'
import { toRead, type FileHasher } from '../torrents/file-hasher.js'
import { hasSamePieces, type GivenTorrents } from '../torrents/given-torrents.js'
import { QUIET_PERIOD, secondsUntilOld } from '../torrents/recent-writes.js'
import type { ReadyTorrent, WarmFile } from './warm-files.js'
import type { ServerContext } from '../../server/context.js'

/** The result for a file: ready, to be tried again later, gone, or failed. */
export type Outcome =
  | { readonly kind: 'ready'; readonly torrent: ReadyTorrent }
  | { readonly kind: 'later' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly reason: string | null }

/** The same with the torrent that was made. */
type Made =
  | Exclude<Outcome, { kind: 'ready' }>
  | { readonly kind: 'ready'; readonly torrent: ReadyTorrent; readonly core: TorrentCore }

export interface WarmUpParts extends Pick<ServerContext, 'monotonic'> {
  readonly mirror: Mirror
  readonly serviceName: string
  readonly markPadFiles: boolean
  readonly pieceLength: PieceLength
  readonly given: GivenTorrents
  readonly hasher: FileHasher
  readonly hashContext: HashContext
  readonly throttle: Throttle | undefined
  /** Seconds since the last change of a file before it is hashed. */
  readonly minAge: number
}

/** Milliseconds in the future beyond which a file's time counts as wrong. */
const FAR = 60_000

/** Milliseconds for which the real paths of directories are reused. */
const FRESH_FOR = 1000

/** Puts the torrents of single files into the cache before anybody asks for them. */
export class WarmUp {
  #view: { readonly view: MirrorView; readonly since: number } | null = null

  constructor(private readonly parts: WarmUpParts) {}

  /**
   * Hashes a file unless its torrent is known; otherwise returns why not now.
   * @throws the signal's reason
   */
  async prepare({ path }: Pick<WarmFile, 'path'>, signal: AbortSignal): Promise<Outcome> {
    try {
      const file = await this.#freshView().file(path)
      const { given, pieceLength } = this.parts
      if (!given.isUsed) return await this.#obtain(file, { version: 'v1', pieceLength }, signal)
      const stamp = await given.stampOf(path)
      for (const metainfo of await given.find(file)) {
        const outcome = await this.#obtain(file, metainfo, signal)
        if (outcome.kind !== 'ready') return outcome
        if (hasSamePieces(metainfo, outcome.core)) return readyGiven(metainfo, stamp)
      }
      const outcome = await this.#obtain(file, { version: 'v1', pieceLength }, signal)
      if (outcome.kind !== 'ready') return outcome
      return { ...outcome, torrent: { ...outcome.torrent, stamp } }
    } catch (error) {
      signal.throwIfAborted()
      return outcomeOf(error)
    }
  }

  async #obtain(
    file: ScannedFile,
    { version, pieceLength }: { version: MetainfoVersion; pieceLength: PieceLength },
    signal: AbortSignal,
  ): Promise<Made> {
    const { serviceName, markPadFiles, hashContext } = this.parts
    const { cacheAccess } = hashContext
    const content = setContent({ isSingle: true, version, pieceLength }, [file], serviceName)
    const options: InfoOptions = { private: false, sourceTag: null, markPadFiles }
    const request = infoRequest(content, options, cacheAccess.trust)
    const recalled = recallInfo(request, cacheAccess)
    if ('info' in recalled) return ready(recalled)
    const wait = this.#timeToWait(file)
    if (wait !== null) return wait
    return this.#hash({ request, ...toRead(content, recalled.table), client: null }, signal)
  }

  /** Hashes a file, and stops as soon as a client needs it. */
  async #hash(
    wanted: Omit<Parameters<FileHasher['obtain']>[0], 'signal' | 'onProgress'>,
    signal: AbortSignal,
  ): Promise<Made> {
    const { hasher, throttle } = this.parts
    const working = new AbortController()
    const giveWay = () => {
      working.abort(new NotReady('somebody who waits needs the file', 1))
    }
    signal.addEventListener('abort', giveWay)
    try {
      const made = await hasher.obtain({
        ...wanted,
        signal: working.signal,
        onProgress: () => undefined,
        ahead: { throttle, giveWay },
      })
      return made.isSettled ? ready(made) : { kind: 'later' }
    } finally {
      signal.removeEventListener('abort', giveWay)
    }
  }

  /** Null if a file is old enough for its digests to be cached; otherwise the result to return. */
  #timeToWait(file: ScannedFile): Exclude<Outcome, { kind: 'ready' }> | null {
    const { minAge, hashContext } = this.parts
    const { now, trust } = hashContext.cacheAccess
    const { fingerprint } = file
    const age = now() - Number(fingerprint.ctimeNs / 1_000_000n)
    const isOld = secondsUntilOld([file], { minAge, trust, now }) === 0
    if (isOld && age >= QUIET_PERIOD && !isRacy(fingerprint, now(), trust)) return null
    const ahead = Number(fingerprint.mtimeNs / 1_000_000n) - now()
    if (ahead > FAR)
      return { kind: 'failed', reason: 'its date is in the future; set it with touch' }
    return { kind: 'later' }
  }

  /**
   * The current view; it is reused for many files, so that directories are not resolved for each.
   */
  #freshView(): MirrorView {
    const { monotonic, mirror } = this.parts
    if (!this.#view || monotonic() - this.#view.since > FRESH_FOR) {
      this.#view = { view: new MirrorView(mirror), since: monotonic() }
    }
    return this.#view.view
  }
}

function ready(core: TorrentCore): Made & { readonly kind: 'ready' } {
  const { infoHash } = infoHashesOf(core.info, 'v1')
  const torrent = { infoHash: infoHash ?? '', infoLength: core.info.length, stamp: '' }
  return { kind: 'ready', core, torrent }
}

/** Characters of an info hash in feeds; a hash of version 2 is cut to that length (BEP 52). */
const HASH = 40

function readyGiven({ infoHash, infoHashV2, bytes }: Metainfo, stamp: string): Outcome {
  const hash = infoHash ?? (infoHashV2 ?? '').slice(0, HASH)
  const torrent = { infoHash: hash, infoLength: 0, givenLength: bytes.length, stamp }
  return { kind: 'ready', torrent }
}

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof BtkitError)) throw error
  if (error instanceof NotReady || error.code === 'changed') return { kind: 'later' }
  if (error.code === 'not-found') return { kind: 'gone' }
  // Clients refuse empty torrents; this is not a fault of the file
  return { kind: 'failed', reason: error.code === 'empty' ? null : error.message }
}
