import pLimit from 'p-limit'
import { callWithin, isTimeout, type CallLimits } from '../../base/bounded-call.js'
import { BtkitError } from '../../base/errors.js'
import { describeFailure } from '../../base/text/network-failure.js'
import { formatBytes } from '../../base/text/quantity.js'
import { openNullCache } from '../../disk/cache/piece-cache.js'
import { fileAt } from '../../disk/hash/stream/content-stream.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { streamedFiles, whyNoPieceNodes } from '../../metainfo/streamed-files.js'
import { fileAddress, type SeedKind } from '../../metainfo/trackers.js'
import { readRemote } from '../remote/read-remote.js'
import { RemoteFault, type FaultKind } from '../remote/remote-file.js'
import { hashArriving } from '../digests/arriving.js'
import { checkPieces } from './judge.js'
import { Placing, type ContentSource } from './locate.js'
import { GOOD, UNCHECKED } from './pieces.js'
import { planFound, type VerifyPlan } from './verify-torrent.js'
import { remoteState, seedAddress, SeedReader } from './web-seed.js'

/** A seed of a torrent. */
interface Seed {
  readonly url: string
  readonly kind: SeedKind
}

/** The result of checking a seed with a piece. */
export interface SeedCheck extends Seed {
  readonly result: 'ok' | 'not asked' | 'wrong bytes' | 'timeout' | FaultKind
  /** Details for people; empty if there are none. */
  readonly detail: string
  /** The URL that was requested last, before redirects; null if none was requested. */
  readonly requested: string | null
  /** The index of the requested piece; null if none was requested. */
  readonly piece: number | null
}

/** How to check seeds: each whole piece must arrive within the limits. */
export interface CheckSeedsOptions extends Required<CallLimits> {
  /** Returns a random number from 0 (included) to 1 (excluded). */
  readonly random: () => number
}

/** Maximum number of checked seeds, because a torrent may have any number. */
const MOST_SEEDS = 100

/** Number of seeds that are checked at once. */
const AT_ONCE = 4

/** Maximum number of draws to find a suitable piece. */
const DRAWS = 50

/** Maximum number of files in a piece, because each is a request. */
const MOST_PARTS = 16

/** Largest requested piece in bytes. */
const LONGEST_PIECE = 64 * 1024 * 1024

const TOO_MANY = `only the first ${MOST_SEEDS} are`
const NO_PIECE = `no piece of a few files and ${formatBytes(LONGEST_PIECE)} at most was found`

/**
 * Requests a random piece from each web seed and HTTP seed of a torrent, and checks it. Returns the
 * results in the torrent's order.
 * @throws BtkitError `interrupted`
 */
export async function checkSeeds(
  metainfo: Metainfo,
  options: CheckSeedsOptions,
): Promise<SeedCheck[]> {
  const plan = planPieces(metainfo)
  const seeds = [
    ...(metainfo.webSeeds ?? []).map((url): Seed => ({ url, kind: 'web seed' })),
    ...(metainfo.httpSeeds ?? []).map((url): Seed => ({ url, kind: 'HTTP seed' })),
  ]
  return pLimit(AT_ONCE).map(seeds, (seed, i) => {
    const piece = i < MOST_SEEDS && plan ? drawPiece(plan, options.random) : null
    const { url, kind } = seed
    if (!plan || piece === null) return notAsked(seed, i < MOST_SEEDS ? NO_PIECE : TOO_MANY)
    if (!isAsked(url)) return notAsked(seed, 'not http or https')
    if (kind === 'HTTP seed' && metainfo.infoHash === null)
      return notAsked(seed, 'HTTP seeds only support version 1')
    return checkSeed(seed, { plan, piece }, options)
  })
}

function notAsked(seed: Seed, detail: string): SeedCheck {
  return { ...seed, result: 'not asked', detail, requested: null, piece: null }
}

/** Whether a URL may be requested. Others could lead a stranger to internal resources. */
function isAsked(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

/** Plans a check of content that a seed should have; null if its pieces cannot be checked. */
export function planPieces(metainfo: Metainfo): VerifyPlan | null {
  const { version, pieceLength } = metainfo
  const isRefused = version === 'v2' && whyNoPieceNodes(metainfo) !== null
  if (isRefused || pieceLength > LONGEST_PIECE) return null
  const placing = new Placing()
  for (const file of streamedFiles(metainfo))
    placing.add(file, remoteState(fileAddress('', file.path), file.length))
  const place = { path: '', isFile: false }
  const request = { metainfo, torrent: '', path: '', checkHashes: true, extra: false }
  return planFound(request, placing.end(metainfo, place))
}

/** Draws a piece that can be requested with few requests; null if none was found. */
function drawPiece({ content }: VerifyPlan, random: () => number): number | null {
  const { files, size, pieceLength } = content
  for (let draw = 0; draw < DRAWS && size > 0; draw++) {
    const piece = Math.floor((random() * size) / pieceLength)
    const end = (piece + 1) * pieceLength
    let parts = 0
    let number = fileAt(files, piece * pieceLength)
    for (; number < files.length && (files.offsets[number] ?? end) < end; number++)
      if (!files.isPad(number) && files.sizeAt(number) > 0 && ++parts > MOST_PARTS) break
    if (parts > 0 && parts <= MOST_PARTS) return piece
  }
  return null
}

/** A piece of planned content. */
interface Question {
  readonly plan: VerifyPlan
  readonly piece: number
}

async function checkSeed(
  seed: Seed,
  question: Question,
  options: CheckSeedsOptions,
): Promise<SeedCheck> {
  const { piece } = question
  const checked = { ...seed, requested: null as string | null, piece }
  const onAsk = (url: string) => {
    checked.requested = url
  }
  try {
    const isRight = await callWithin(options, (signal) => {
      const ask = seed.kind === 'web seed' ? webSeedSource : httpSeedSource
      return checkPiece(question, ask(seed.url, question, { signal, onAsk }), signal)
    })
    return { ...checked, result: isRight ? 'ok' : 'wrong bytes', detail: '' }
  } catch (error) {
    if (options.signal.aborted) throw new BtkitError('interrupted', 'interrupted')
    if (error instanceof RemoteFault)
      return { ...checked, result: error.kind, detail: error.detail }
    if (!isTimeout(error)) throw error
    return { ...checked, result: 'timeout', detail: describeFailure(error, options.timeoutMs) }
  }
}

/** Reads a piece from a source, and returns whether it is that of the torrent. */
export async function checkPiece(
  { plan, piece }: Question,
  source: ContentSource,
  signal: AbortSignal,
): Promise<boolean> {
  const { content, pieces } = plan
  const states = new Uint8Array(pieces.states.length).fill(UNCHECKED)
  states[piece] = GOOD
  const check = { ...plan, content: { ...content, source }, pieces: { ...pieces, states } }
  const cacheAccess = { cache: openNullCache(), trust: 'full', now: Date.now } as const
  await checkPieces(check, { engine: { threads: 1, signal }, cacheAccess })
  return states[piece] === GOOD
}

interface Asking {
  readonly signal: AbortSignal
  /** Receives each URL before it is requested. */
  readonly onAsk: (url: string) => void
}

/** Requests the part of each file that is in the piece (BEP 19). */
function webSeedSource(url: string, { plan }: Question, { signal, onAsk }: Asking): ContentSource {
  const { metainfo } = plan.request
  const base = seedAddress(url, metainfo)
  return new SeedReader({ signal, isOnce: true }, (path, size) => {
    const address = metainfo.isDirectory ? base + path : base
    onAsk(address)
    return { url: address, name: '', size, validator: null, hasRanges: true }
  })
}

/** Requests the whole piece (BEP 17), including padding. */
function httpSeedSource(
  url: string,
  { plan, piece }: Question,
  { signal, onAsk }: Asking,
): ContentSource {
  const hash = (plan.request.metainfo.infoHash ?? '').replace(/../g, '%$&')
  const address = `${url}${url.includes('?') ? '&' : '?'}info_hash=${hash}&piece=${piece}`
  const { size, pieceLength } = plan.content
  const length = Math.min(pieceLength, size - piece * pieceLength)
  const file = { url: address, name: '', size: length, validator: null, hasRanges: false }
  onAsk(address)
  const read = () => readRemote(file, { signal, isOnce: true })
  return { hash: hashArriving(read), faults: new Map() }
}
