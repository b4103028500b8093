import { isSameBytes } from '../../bytes.js'
import { createHash } from 'node:crypto'
import { callWithin, isTimeout, type CallLimits } from '../../bounded-call.js'
import { BtkitError } from '../../errors.js'
import { fileAddress, type SeedKind } from '../../metainfo/trackers.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import { describeFailure } from '../../text/network-failure.js'
import { pieceSize, type Piece, type PieceNode, LONGEST_PIECE, PieceDraw } from './piece.js'
import { climbMerkleTree } from '../../hash/merkle.js'
import { chooseKernel } from '../../hash/kernels/choose.js'
import { BLOCK_LENGTH } from '../../hash/stream/digests.js'
import { formatBytes } from '../../text/quantity.js'

/** A seed of a torrent. */
export interface Seed {
  readonly url: string
  readonly kind: SeedKind
}

/** The result of checking a seed with a piece. */
export interface SeedCheck extends Seed {
  readonly result: 'ok' | 'not asked' | Fault
  /** Details for people; empty if there are none. */
  readonly detail: string
  /** The index of the requested piece; null if none was requested. */
  readonly piece: number | null
}

/** Limits of a check: the whole piece must arrive in this time. */
export type AskOptions = Required<CallLimits>

const ZEROS = new Uint8Array(64 * 1024)

/**
 * Requests a piece of a torrent from a seed, and checks it.
 * @throws BtkitError `interrupted`
 */
export async function checkSeed(
  metainfo: Metainfo,
  { seed, piece }: { readonly seed: Seed; readonly piece: Piece },
  options: AskOptions,
): Promise<SeedCheck> {
  if (!isAsked(seed.url)) return notAsked(seed, 'not http or https')
  if (seed.kind === 'HTTP seed' && metainfo.infoHash === null) {
    return notAsked(seed, 'HTTP seeds only support version 1')
  }
  const checked = { ...seed, piece: piece.index }
  const judge = new PieceJudge(piece)
  const ask = seed.kind === 'web seed' ? askWebSeed : askHttpSeed
  try {
    await callWithin(options, (signal) => ask(metainfo, { seed, piece, judge }, signal))
    return { ...checked, result: judge.isRight() ? 'ok' : 'wrong bytes', detail: '' }
  } catch (error) {
    if (options.signal.aborted) throw new BtkitError('interrupted', 'interrupted')
    if (error instanceof SeedFault)
      return { ...checked, result: error.fault, detail: error.message }
    const detail = describeFailure(error, options.timeoutMs)
    return { ...checked, result: isTimeout(error) ? 'timeout' : 'unreachable', detail }
  }
}

/** The result for a seed that was not asked. */
export function notAsked(seed: Seed, detail: string): SeedCheck {
  return { ...seed, result: 'not asked', detail, piece: null }
}

interface Question {
  readonly seed: Seed
  readonly piece: Piece
  readonly judge: PieceJudge
}

/** Requests the part of each file that is in the piece (BEP 19). */
async function askWebSeed(
  metainfo: Metainfo,
  { seed, piece, judge }: Question,
  signal: AbortSignal,
): Promise<void> {
  for (const { file, start, end } of piece.parts) {
    if (file.padding) {
      addZeros(judge, end - start)
      continue
    }
    const wanted = { start, end, size: file.length }
    const take = (bytes: Uint8Array) => {
      judge.add(bytes)
    }
    await askForBytes(addressOf(seed.url, metainfo, file), wanted, { take, signal })
  }
}

function addZeros(judge: PieceJudge, length: number): void {
  for (let left = length; left > 0; left -= ZEROS.length) {
    judge.addPadding(ZEROS.subarray(0, Math.min(left, ZEROS.length)))
  }
}

/**
 * Returns the URL of a file on a seed, as clients build it. The seed of a single file may be the
 * file's own URL.
 */
function addressOf(url: string, { isDirectory, name }: Metainfo, { path }: MetainfoFile): string {
  if (!isDirectory) return url.endsWith('/') ? fileAddress(url.slice(0, -1), [name]) : url
  return fileAddress(url.replace(/\/$/, ''), [name, ...path])
}

/** Requests the whole piece (BEP 17), including padding. */
async function askHttpSeed(
  { infoHash }: Metainfo,
  { seed, piece, judge }: Question,
  signal: AbortSignal,
): Promise<void> {
  const hash = (infoHash ?? '').replace(/../g, '%$&')
  const separator = seed.url.includes('?') ? '&' : '?'
  const url = `${seed.url}${separator}info_hash=${hash}&piece=${piece.index}`
  const response = await askFor(url, {}, signal)
  try {
    if (response.status !== 200) throw new SeedFault('status', `${response.status}`)
    await takeBody(response, pieceSize(piece), splitter(piece, judge))
  } finally {
    await response.body?.cancel().catch(() => undefined)
  }
}

/** Returns a function that separates padding from file bytes as they arrive. */
function splitter({ parts }: Piece, judge: PieceJudge): (bytes: Uint8Array) => void {
  const left = parts.map(({ file, start, end }) => ({ file, length: end - start }))
  return (bytes) => {
    for (let at = 0; at < bytes.length;) {
      const first = left[0]
      if (!first) return
      const taken = bytes.subarray(at, at + first.length)
      if (first.file.padding) judge.addPadding(taken)
      else judge.add(taken)
      at += taken.length
      first.length -= taken.length
      if (first.length === 0) left.shift()
    }
  }
}

/** Hashes a piece as its bytes arrive, and compares the result. */
class PieceJudge {
  readonly #sha1 = createHash('sha1')
  readonly #leaves: Uint8Array[] = []
  #block = createHash('sha256')
  #inBlock = 0

  constructor(private readonly piece: Piece) {}

  /** Adds the next bytes of the piece's file. */
  add(bytes: Uint8Array): void {
    this.#sha1.update(bytes)
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + BLOCK_LENGTH - this.#inBlock)
      this.#block.update(part)
      this.#inBlock += part.length
      at += part.length
      if (this.#inBlock === BLOCK_LENGTH) this.#endBlock()
    }
  }

  /** Adds bytes of a pad file, which version 2 ignores. */
  addPadding(bytes: Uint8Array): void {
    this.#sha1.update(bytes)
  }

  /** Whether the bytes match the piece, in each version of the torrent. */
  isRight(): boolean {
    const { sha1, merkle } = this.piece
    if (this.#inBlock > 0) this.#endBlock()
    return (sha1 === null || isSameBytes(this.#sha1.digest(), sha1)) && this.#isRightByTree(merkle)
  }

  #endBlock(): void {
    this.#leaves.push(this.#block.digest())
    this.#block = createHash('sha256')
    this.#inBlock = 0
  }

  #isRightByTree(node: PieceNode | null): boolean {
    if (node === null) return true
    const leaves = { nodes: Buffer.concat(this.#leaves), height: 0 }
    return isSameBytes(climbMerkleTree(leaves, node.levels, chooseKernel()).nodes, node.digest)
  }
}

export interface CheckSeedsOptions extends AskOptions {
  /** Returns a random number from 0 (included) to 1 (excluded). */
  readonly random: () => number
}

/** Maximum number of checked seeds, because a torrent may have any number. */
const MOST_SEEDS = 100

/** Number of seeds that are checked at once. */
const AT_ONCE = 4

/**
 * Requests a random piece from each web seed and HTTP seed of a torrent, and checks it. Returns the
 * results in the torrent's order.
 * @throws BtkitError `interrupted`
 */
export async function checkSeeds(
  metainfo: Metainfo,
  options: CheckSeedsOptions,
): Promise<SeedCheck[]> {
  const draw = new PieceDraw(metainfo, options.random)
  const seeds = seedsOf(metainfo)
  const checks: SeedCheck[] = []
  const waiting = seeds.entries()
  const work = async () => {
    for (const [i, seed] of waiting) {
      const piece = i < MOST_SEEDS ? draw.next() : null
      if (piece) checks[i] = await checkSeed(metainfo, { seed, piece }, options)
      else checks[i] = notAsked(seed, i < MOST_SEEDS ? NO_PIECE : TOO_MANY)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return checks
}

const TOO_MANY = `only the first ${MOST_SEEDS} are`
const NO_PIECE = `no piece of a few files and ${formatBytes(LONGEST_PIECE)} at most was found`

function seedsOf({ webSeeds, httpSeeds }: Metainfo): Seed[] {
  return [
    ...(webSeeds ?? []).map((url): Seed => ({ url, kind: 'web seed' })),
    ...(httpSeeds ?? []).map((url): Seed => ({ url, kind: 'HTTP seed' })),
  ]
}

/** The fault of a seed, in a word or two. */
export type Fault =
  | 'wrong bytes'
  | 'status'
  | 'no ranges'
  | 'length'
  | 'redirects'
  | 'compressed'
  | 'timeout'
  | 'unreachable'

/** The error for a seed that answers wrongly. */
export class SeedFault extends Error {
  constructor(
    readonly fault: Fault,
    message: string,
  ) {
    super(message)
  }
}

/** Maximum number of redirects. */
const MOST_REDIRECTS = 5

/** Whether a URL may be requested. Others could lead a stranger to internal resources. */
export function isAsked(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

/** Requests a URL, and follows its redirects. The caller must end the response. */
export async function askFor(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  let address = url
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const response = await fetch(address, { headers, redirect: 'manual', signal })
    const location = response.headers.get('location')
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response
    await response.body?.cancel()
    if (!URL.canParse(location, address)) throw new SeedFault('redirects', 'to no address')
    address = new URL(location, address).href
    if (!isAsked(address)) throw new SeedFault('redirects', 'to what is not http or https')
  }
  throw new SeedFault('redirects', `more than ${MOST_REDIRECTS}`)
}

/** A range of bytes in a file. */
export interface WantedBytes {
  readonly start: number
  readonly end: number
  /** Size of the file in bytes. */
  readonly size: number
}

/**
 * Requests a range of a file, and passes the bytes on as they arrive. Never passes on more than
 * requested.
 * @throws SeedFault, and errors of fetch
 */
export async function askForBytes(
  url: string,
  { start, end, size }: WantedBytes,
  { take, signal }: { readonly take: (bytes: Uint8Array) => void; readonly signal: AbortSignal },
): Promise<void> {
  const response = await askFor(url, { Range: `bytes=${start}-${end - 1}` }, signal)
  try {
    const { status, headers } = response
    // A whole file is a valid answer if the range is the whole file
    const isWhole = status === 200 && start === 0 && end === size
    if (status === 200 && !isWhole) throw new SeedFault('no ranges', 'sends the whole file')
    if (status !== 206 && !isWhole) throw new SeedFault('status', `${status}`)
    const range = headers.get('content-range') ?? ''
    if (status === 206 && !range.startsWith(`bytes ${start}-${end - 1}/`)) {
      throw new SeedFault('no ranges', 'sends another range than was asked for')
    }
    await takeBody(response, end - start, take)
  } finally {
    await response.body?.cancel().catch(() => undefined)
  }
}

/**
 * Reads a body of an exact length.
 * @throws SeedFault if the length differs
 */
export async function takeBody(
  response: Response,
  length: number,
  take: (bytes: Uint8Array) => void,
): Promise<void> {
  const encoding = response.headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') throw new SeedFault('compressed', 'sends what clients do not unpack')
  let taken = 0
  // Leaving the loop ends the response
  for await (const bytes of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    taken += bytes.length
    if (taken > length) throw new SeedFault('length', `more than ${length} bytes`)
    take(bytes)
  }
  if (taken < length) throw new SeedFault('length', `${taken} bytes of ${length}`)
}
