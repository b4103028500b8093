import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { TorrentCore } from '../../metainfo/build/torrent.js'
import { choosePieces } from '../make/piece-choice.js'
import { asBtkitError, BtkitError } from '../../errors.js'
import { ArrivingPieces, ArrivingTree, type PieceLengthFor } from '../../hash/arriving-bytes.js'
import { takeTurn } from '../../hash/jobs/job.js'
import { chooseKernel } from '../../hash/kernels.js'
import { CHECKSUMS, type ChecksumName } from './list.js'
import type { ListedFile } from './lists.js'
import { contentOfTree, type Content } from '../digests/content.js'
import { createTrees, setTree } from '../digests/file-trees.js'
import type { Engine } from '../digests/hash-content.js'
import { composeCore } from '../digests/info.js'
import type { ContentDigests } from '../digests/piece-table.js'
import { checkOutput, planOf, type MakeRequest, type TorrentPlan } from '../make/make-torrent.js'

/** A torrent of a single file whose bytes come from a stream. */
export interface StreamRequest extends MakeRequest {
  readonly name: string
}

/** Content that was read from a stream. */
export interface StreamedTorrent {
  readonly plan: TorrentPlan
  readonly core: TorrentCore
  /** The file, with a digest for each requested checksum. */
  readonly checksums: readonly ListedFile[]
}

/** The engine that reads a stream, and the checksums to compute on the way. */
export interface StreamReading {
  readonly engine: Engine
  readonly checksums: readonly ChecksumName[]
}

/** The name of the content in messages. */
const INPUT = 'standard input'

/**
 * Reads the content of a torrent from a stream, once. If the piece length depends on the size, the
 * bytes are hashed at each length that is still possible. Memory holds no content, only digests.
 * @throws BtkitError `empty`, `interrupted`, `io`, and as checkTarget
 */
export async function readStream(
  chunks: AsyncIterable<Uint8Array>,
  request: StreamRequest,
  { engine, checksums }: StreamReading,
): Promise<StreamedTorrent> {
  checkOutput(request)
  const kernel = chooseKernel(engine.kernel)
  const lengthFor = pieceLengthFor(request)
  const pieces = request.version === 'v2' ? null : new ArrivingPieces(lengthFor, kernel)
  const tree = request.version === 'v1' ? null : new ArrivingTree(lengthFor, kernel)
  const lists = checksums.map((name) => createHash(CHECKSUMS[name].algorithm))
  const size = await readAll(chunks, engine, (chunk) => {
    for (const hashing of [pieces, tree, ...lists]) hashing?.update(chunk)
  })
  const plan = planOf(contentOfSize(size, request), request)
  const digests = { digests: pieces?.finish() ?? new Uint8Array(0), trees: treesOf(plan, tree) }
  const core = composeCore(plan.content, request, digests)
  const listed = lists.map((hash) => hash.digest())
  return { plan, core, checksums: plan.content.files.map((file) => ({ file, digests: listed })) }
}

/**
 * The piece length by size that the rules give a single file. Limits of the number of pieces or the
 * size of the torrent are not among them, because almost every length would stay possible.
 */
function pieceLengthFor(request: StreamRequest): PieceLengthFor {
  const pieceLengthOf = (size: number) => {
    const content = contentOfSize(Math.max(size, 1), request)
    return choosePieces(content, request, () => 0).content.pieceLength
  }
  return typeof request.pieceLength === 'number' ? constant(pieceLengthOf(1)) : pieceLengthOf
}

function constant(value: number): () => number {
  return () => value
}

/** Content of a single file that is on no disk. */
function contentOfSize(size: number, request: StreamRequest): Content {
  const fingerprint = { size, mtimeNs: 0n, ctimeNs: 0n, inode: 0n, device: 0n }
  const files = [{ path: [request.name], absolutePath: INPUT, fingerprint }]
  return contentOfTree({ root: INPUT, isDirectory: false, files, skipped: [] }, request)
}

async function readAll(
  chunks: AsyncIterable<Uint8Array>,
  { signal, throttle, onProgress }: Engine,
  update: (chunk: Uint8Array) => void,
): Promise<number> {
  let bytesDone = 0
  try {
    for await (const chunk of chunks) {
      if (signal.aborted) break
      const delay = throttle ? takeTurn(throttle, chunk.length) : 0
      if (delay > 0) await setTimeout(delay, undefined, { signal })
      update(chunk)
      bytesDone += chunk.length
      onProgress?.({ bytesDone, currentPath: INPUT })
    }
  } catch (error) {
    if (!signal.aborted) throw asBtkitError(error, INPUT)
  }
  if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
  return bytesDone
}

function treesOf({ content }: TorrentPlan, tree: ArrivingTree | null): ContentDigests['trees'] {
  const trees = createTrees(content)
  if (trees && tree) setTree(trees, 0, tree.finish())
  return trees
}
