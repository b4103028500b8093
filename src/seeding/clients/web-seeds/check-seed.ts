import { createHash } from 'node:crypto'
import pLimit from 'p-limit'
import { callWithin, isTimeout, type CallLimits } from '../../../base/bounded-call.js'
import { isSameBytes } from '../../../base/bytes.js'
import { BtkitError } from '../../../base/errors.js'
import { RedirectFault, requestHttp, type HttpResponse } from '../../../base/http-request.js'
import { chooseKernel } from '../../../disk/hash/kernels.js'
import { climbMerkleTree } from '../../../metainfo/merkle.js'
import type { Metainfo, MetainfoFile } from '../../../metainfo/metainfo.js'
import { pieceNodes, streamedFiles, whyNoPieceNodes } from '../../../metainfo/streamed-files.js'
import { fileAddress, type SeedKind } from '../../../metainfo/trackers.js'
import { describeFailure } from '../../../base/text/network-failure.js'
import { count, formatBytes } from '../../../base/text/quantity.js'
import { BLOCK, SHA1, SHA256 } from '../../../metainfo/sizes.js'

/** A seed of a torrent. */
interface Seed {
  readonly url: string
  readonly kind: SeedKind
}

/** The fault of a seed, in a word or two. */
type Fault =
  | 'wrong bytes'
  | 'status'
  | 'no ranges'
  | 'length'
  | 'redirects'
  | 'compressed'
  | 'timeout'
  | 'unreachable'

/** The result of checking a seed with a piece. */
export interface SeedCheck extends Seed {
  readonly result: 'ok' | 'not asked' | Fault
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

/** Maximum number of redirects. */
const FOLLOWING = { redirects: 5 }

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
  const draw = pieceDraw(metainfo, options.random)
  const seeds = [
    ...(metainfo.webSeeds ?? []).map((url): Seed => ({ url, kind: 'web seed' })),
    ...(metainfo.httpSeeds ?? []).map((url): Seed => ({ url, kind: 'HTTP seed' })),
  ]
  return pLimit(AT_ONCE).map(seeds, (seed, i) => {
    const piece = i < MOST_SEEDS ? draw() : null
    const { url, kind } = seed
    if (!piece) return notAsked(seed, i < MOST_SEEDS ? NO_PIECE : TOO_MANY)
    if (!isAsked(url)) return notAsked(seed, 'not http or https')
    if (kind === 'HTTP seed' && metainfo.infoHash === null)
      return notAsked(seed, 'HTTP seeds only support version 1')
    return checkSeed(seed, { metainfo, url, piece }, options)
  })
}

function notAsked(seed: Seed, detail: string): SeedCheck {
  return { ...seed, result: 'not asked', detail, requested: null, piece: null }
}

async function checkSeed(
  seed: Seed,
  question: Omit<Question, 'judge' | 'onAsk'>,
  options: CheckSeedsOptions,
): Promise<SeedCheck> {
  const { piece } = question
  const checked = { ...seed, requested: null as string | null, piece: piece.index }
  const onAsk = (address: string) => {
    checked.requested = address
  }
  const judge = new PieceJudge(piece)
  const ask = seed.kind === 'web seed' ? askWebSeed : askHttpSeed
  try {
    await callWithin(options, (signal) => ask({ ...question, judge, onAsk }, signal))
    return { ...checked, result: judge.isRight() ? 'ok' : 'wrong bytes', detail: '' }
  } catch (error) {
    if (options.signal.aborted) throw new BtkitError('interrupted', 'interrupted')
    if (error instanceof SeedFault)
      return { ...checked, result: error.fault, detail: error.message }
    if (error instanceof RedirectFault)
      return { ...checked, result: 'redirects', detail: error.message }
    const detail = describeFailure(error, options.timeoutMs)
    return { ...checked, result: isTimeout(error) ? 'timeout' : 'unreachable', detail }
  }
}

/** A piece and its expected digests. */
interface Piece {
  readonly index: number
  /**
   * The bytes of each file in the piece, from `start` to before `end` of the file. Each part has at
   * least one byte; padding is included.
   */
  readonly parts: readonly {
    readonly file: MetainfoFile
    readonly start: number
    readonly end: number
  }[]
  /** SHA-1 of version 1; null if the torrent has no version 1. */
  readonly sha1: Uint8Array | null
  /**
   * The node of a file's Merkle tree (BEP 52), and the levels between the blocks and this node; null
   * if the torrent has no version 2, or the piece has none of its bytes.
   */
  readonly merkle: { readonly digest: Uint8Array; readonly levels: number } | null
}

/**
 * Returns a function that draws a random piece that can be requested with few requests; null if none
 * was found.
 */
function pieceDraw(metainfo: Metainfo, random: () => number): () => Piece | null {
  const { pieceLength, pieces } = metainfo
  const files = [...streamedFiles(metainfo)]
  const size = files.reduce((sum, { length }) => sum + length, 0)
  const nodes = whyNoPieceNodes(metainfo) === null ? pieceNodes(metainfo) : null
  const merkleOf = (index: number, file: MetainfoFile | undefined) => {
    if (!nodes || !file) return null
    const digest = nodes.subarray(index * SHA256, (index + 1) * SHA256)
    const blocks = Math.ceil(Math.min(file.length, pieceLength) / BLOCK)
    return { digest, levels: Math.ceil(Math.log2(blocks)) }
  }
  const partsOf = (index: number): Piece['parts'] => {
    const [from, to] = [index * pieceLength, (index + 1) * pieceLength]
    let offset = 0
    return files.flatMap((file) => {
      const [start, end] = [Math.max(from - offset, 0), Math.min(to - offset, file.length)]
      offset += file.length
      return start < end ? [{ file, start, end }] : []
    })
  }
  return () => {
    if (pieceLength > LONGEST_PIECE) return null
    for (let draw = 0; draw < DRAWS && size > 0; draw++) {
      const index = Math.floor((random() * size) / pieceLength)
      const sha1 = pieces && pieces.subarray(index * SHA1, (index + 1) * SHA1)
      const parts = partsOf(index)
      const real = parts.filter(({ file }) => !file.padding)
      const merkle = merkleOf(index, real[0]?.file)
      const isFit = real.length > 0 && real.length <= MOST_PARTS && (sha1 ?? merkle)
      if (isFit) return { index, parts, sha1, merkle }
    }
    return null
  }
}

interface Question {
  readonly metainfo: Metainfo
  readonly url: string
  readonly piece: Piece
  readonly judge: PieceJudge
  /** Receives each URL before it is requested. */
  readonly onAsk: (address: string) => void
}

const ZEROS = new Uint8Array(64 * 1024)

/** Requests the part of each file that is in the piece (BEP 19). */
async function askWebSeed(
  { metainfo, url, piece, judge, onAsk }: Question,
  signal: AbortSignal,
): Promise<void> {
  for (const { file, start, end } of piece.parts) {
    if (file.padding) {
      for (let left = end - start; left > 0; left -= ZEROS.length)
        judge.add(ZEROS.subarray(0, left), true)
      continue
    }
    const address = addressOf(url, metainfo, file)
    onAsk(address)
    const headers = { range: `bytes=${start}-${end - 1}` }
    const response = await requestHttp(address, { headers, signal, ...FOLLOWING })
    try {
      requireRange(response, [start, end], file.length)
      await takeBody(response, end - start, (bytes) => {
        judge.add(bytes)
      })
    } finally {
      response.end()
    }
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

function requireRange(
  { status, headers }: HttpResponse,
  [start, end]: readonly [start: number, end: number],
  size: number,
): void {
  // A whole file is a valid answer if the range is the whole file
  const isWhole = status === 200 && start === 0 && end === size
  if (status === 200 && !isWhole) throw new SeedFault('no ranges', 'sends the whole file')
  if (status !== 206 && !isWhole) throw new SeedFault('status', `${status}`)
  const range = headers.get('content-range') ?? ''
  if (status === 206 && !range.startsWith(`bytes ${start}-${end - 1}/`)) {
    throw new SeedFault('no ranges', 'sends another range than was asked for')
  }
}

/** Requests the whole piece (BEP 17), including padding. */
async function askHttpSeed(
  { metainfo, url, piece, judge, onAsk }: Question,
  signal: AbortSignal,
): Promise<void> {
  const hash = (metainfo.infoHash ?? '').replace(/../g, '%$&')
  const separator = url.includes('?') ? '&' : '?'
  const address = `${url}${separator}info_hash=${hash}&piece=${piece.index}`
  onAsk(address)
  const response = await requestHttp(address, { signal, ...FOLLOWING })
  const length = piece.parts.reduce((sum, { start, end }) => sum + end - start, 0)
  try {
    if (response.status !== 200) throw new SeedFault('status', `${response.status}`)
    await takeBody(response, length, splitter(piece, judge))
  } finally {
    response.end()
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
      judge.add(taken, first.file.padding)
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

  /** Adds the next bytes of the piece. Version 2 ignores those of a pad file. */
  add(bytes: Uint8Array, isPadding = false): void {
    this.#sha1.update(bytes)
    for (let at = 0; at < bytes.length && !isPadding;) {
      const part = bytes.subarray(at, at + BLOCK - this.#inBlock)
      this.#block.update(part)
      this.#inBlock += part.length
      at += part.length
      if (this.#inBlock === BLOCK) this.#endBlock()
    }
  }

  /** Whether the bytes match the piece, in each version of the torrent. */
  isRight(): boolean {
    const { sha1, merkle } = this.piece
    if (this.#inBlock > 0) this.#endBlock()
    if (sha1 !== null && !isSameBytes(this.#sha1.digest(), sha1)) return false
    if (merkle === null) return true
    const leaves = { nodes: Buffer.concat(this.#leaves), height: 0 }
    const { nodes } = climbMerkleTree(leaves, merkle.levels, chooseKernel())
    return isSameBytes(nodes, merkle.digest)
  }

  #endBlock(): void {
    this.#leaves.push(this.#block.digest())
    this.#block = createHash('sha256')
    this.#inBlock = 0
  }
}

/** The error for a seed that answers wrongly. */
class SeedFault extends Error {
  constructor(
    readonly fault: Fault,
    message: string,
  ) {
    super(message)
  }
}

/** Whether a URL may be requested. Others could lead a stranger to internal resources. */
function isAsked(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

/**
 * Reads a body of an exact length. Never passes on more than that.
 * @throws SeedFault if the length differs
 */
async function takeBody(
  { headers, body }: HttpResponse,
  length: number,
  take: (bytes: Uint8Array) => void,
): Promise<void> {
  const encoding = headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') throw new SeedFault('compressed', 'sends what clients do not unpack')
  let taken = 0
  // Leaving the loop ends the response
  for await (const bytes of body) {
    taken += bytes.length
    if (taken > length) throw new SeedFault('length', `more than ${count(length, 'byte')}`)
    take(bytes)
  }
  if (taken < length) throw new SeedFault('length', `${count(taken, 'byte')} of ${length}`)
}
