import { callWithin, isTimeout, type CallLimits } from '../../bounded-call.js'
import { BtkitError } from '../../errors.js'
import { fileAddress } from '../../metainfo/trackers.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import type { SeedKind } from '../../metainfo/trackers.js'
import { describeFailure } from '../../text/network-failure.js'
import { askFor, askForBytes, isAsked, SeedFault, takeBody, type Fault } from './ask.js'
import { pieceSize, type Piece } from './piece.js'
import { createHash } from 'node:crypto'
import { climbMerkleTree } from '../../hash/merkle.js'
import { chooseKernel } from '../../hash/kernels/choose.js'
import { BLOCK_LENGTH } from '../../hash/stream/digests.js'
import type { PieceNode } from './piece.js'

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
    return (sha1 === null || isSame(this.#sha1.digest(), sha1)) && this.#isRightByTree(merkle)
  }

  #endBlock(): void {
    this.#leaves.push(this.#block.digest())
    this.#block = createHash('sha256')
    this.#inBlock = 0
  }

  #isRightByTree(node: PieceNode | null): boolean {
    if (node === null) return true
    const leaves = { nodes: Buffer.concat(this.#leaves), height: 0 }
    return isSame(climbMerkleTree(leaves, node.levels, chooseKernel()).nodes, node.digest)
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
