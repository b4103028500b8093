import { Buffer } from 'node:buffer'
import { bytesMissing } from '../core/digests/pad-files.js'
import { refuseInPads, refusePaths } from '../core/digests/path-rules.js'
import { comparePaths } from '../core/digests/sort-files.js'
import { checkReplaceable } from '../core/check-replaceable.js'
import { BtkitError } from '../errors.js'
import { writeAtomically } from '../files/write/atomically.js'
import { PieceHasher } from '../hash/piece-hasher.js'
import { chooseKernel } from '../hash/kernels/choose.js'
import { climbMerkleTree, findMerkleRoot } from '../hash/merkle.js'
import { buildInfo, encodePieceLayers, type InfoFile } from '../metainfo/build/info.js'
import { buildTorrent } from '../metainfo/build/torrent.js'
import { infoHashesOf } from '../metainfo/info-hashes.js'
import { checkName } from '../metainfo/name.js'
import { findUnsafePaths } from '../metainfo/parse/unsafe-path.js'
import type { MetainfoVersion } from '../metainfo/metainfo.js'
import { padPath } from '../metainfo/pad-path.js'
import { suitedPieceLength } from '../metainfo/piece-length.js'
import { refuseAborted, startTask, type Task, type TellProgress } from './task.js'
import { commonRequestOf, type MadeTorrent, type MakeOptions } from './torrent-options.js'

/** Bytes in memory, or pieces of them that arrive over time, such as a stream of Node. */
export type StreamedBytes = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** A file whose bytes come from the caller. */
export interface StreamedFile {
  /** The path below the torrent's name, with `/` between components. */
  readonly path: string
  readonly content: StreamedBytes
  /** Bytes of the file; needed if no piece length is given and `content` is a stream. */
  readonly length?: number | undefined
}

/** Content that is not on a disk: a single file, or files below a name. */
export type StreamedContent =
  | (Omit<StreamedFile, 'path'> & { readonly name: string })
  | { readonly name: string; readonly files: Iterable<StreamedFile> }

/**
 * As makeTorrent. Streams are read one after another, in the order of the torrent. Options that
 * choose files, order them or bound the number of pieces do not apply.
 */
export function makeFromStreams(source: StreamedContent, options: MakeOptions): Task<MadeTorrent> {
  return startTask(options, async (signal, tell) => {
    const request = commonRequestOf(options)
    const { version } = request
    const name = checkName(options.name ?? source.name)
    const isDirectory = 'files' in source
    const given = isDirectory ? [...source.files] : [{ ...source, path: name }]
    const files = inOrder(given, version)
    const isAligned = request.isAligned === true || version !== 'v1'
    checkPaths({ name, isDirectory, files }, { version, isAligned })
    const pieceLength =
      request.pieceLength === 'auto'
        ? suitedPieceLength(files.map(requireLength), isAligned)
        : request.pieceLength
    const hashing = new Hashing({ version, pieceLength, isAligned })
    const bytesTotal = files.reduce((sum, file) => sum + (lengthOf(file) ?? 0), 0)
    await readAll(files, hashing, { signal, tell, bytesTotal })
    if (hashing.size === 0) throw new BtkitError('empty', `${name}: holds no bytes`)
    const { private: isPrivate, sourceTag, extraKeys, parts, creationDate } = request
    const info = buildInfo({
      version,
      name,
      isDirectory,
      files: hashing.files,
      pieceLength,
      pieces: hashing.pieces(),
      private: isPrivate,
      source: sourceTag,
      extraKeys,
    })
    const pieceLayers = version === 'v1' ? null : encodePieceLayers(hashing.layers)
    const date = creationDate === 'mtime' ? null : creationDate
    const bytes = buildTorrent({ ...parts, creationDate: date }, { info, pieceLayers })
    const { output, force } = options
    if (output !== undefined) {
      await writeAtomically(output, bytes, force ? {} : { checkReplaceable })
    }
    return { bytes, ...infoHashesOf(info, version), bytesHashed: hashing.size }
  })
}

/** How files become pieces. */
interface Rules {
  readonly version: MetainfoVersion
  /** Whether each file begins a piece. */
  readonly isAligned: boolean
}

interface OrderedFile extends StreamedFile {
  readonly components: string[]
}

/** Files are in the order of the caller; in a file tree, by path (BEP 52). */
function inOrder(files: readonly StreamedFile[], version: MetainfoVersion): OrderedFile[] {
  const ordered = files.map((file) => ({ ...file, components: file.path.split('/') }))
  if (version === 'v1') return ordered
  return ordered.sort((a, b) => comparePaths(a.components, b.components))
}

interface NamedContent {
  readonly name: string
  readonly isDirectory: boolean
  readonly files: readonly OrderedFile[]
}

/** Refuses the paths that the torrent of files on a disk could not have either. */
function checkPaths({ name, isDirectory, files }: NamedContent, rules: Rules): void {
  const named = files.map(({ components }) => ({ path: components, padding: false }))
  const [unsafe] = findUnsafePaths({ name, isDirectory, files: named })
  if (unsafe) throw new BtkitError('bad-name', `${unsafe.path.join('/')}: ${unsafe.reason}`)
  const placed = files.map(({ components, path }) => ({ path: components, absolutePath: path }))
  refusePaths({ root: name, isDirectory, files: placed }, name, rules.version)
  if (rules.isAligned) refuseInPads(placed)
}

function lengthOf({ length, content }: StreamedFile): number | undefined {
  return content instanceof Uint8Array ? content.length : length
}

function requireLength(file: StreamedFile): number {
  const length = lengthOf(file)
  if (length !== undefined) return length
  const why = 'its length is unknown: give that, or pieceLength'
  throw new BtkitError('usage', `${file.path}: ${why}`)
}

interface Reading {
  readonly signal: AbortSignal
  readonly tell: TellProgress
  readonly bytesTotal: number
}

/** Progress after each so many bytes. */
const TELL_EVERY = 1024 * 1024

async function readAll(
  files: readonly OrderedFile[],
  hashing: Hashing,
  { signal, tell, bytesTotal }: Reading,
): Promise<void> {
  let bytesDone = 0
  let told = 0
  for (const file of files) {
    const { path, content } = file
    let length = 0
    hashing.begin()
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      refuseAborted(signal)
      hashing.update(chunk)
      length += chunk.length
      bytesDone += chunk.length
      if (bytesDone - told < TELL_EVERY) continue
      told = bytesDone
      tell({ bytesDone, bytesTotal: Math.max(bytesTotal, bytesDone), path })
    }
    const expected = lengthOf(file)
    if (expected !== undefined && expected !== length) {
      throw new BtkitError('changed', `${path}: has ${length} bytes, not ${expected}`)
    }
    hashing.end(file.components, length)
  }
}

const BLOCK = 16 * 1024

/** The digests of files that are read one after another. */
class Hashing {
  readonly files: InfoFile[] = []
  readonly layers = new Map<string, Uint8Array>()
  /** Bytes that were hashed, without those of pad files. */
  size = 0
  readonly #kernel = chooseKernel()
  readonly #pieces: PieceHasher | null
  #blocks: PieceHasher | null = null
  /** Bytes that are missing to the end of a piece before the next file that has bytes. */
  #missing = 0

  constructor(readonly rules: Rules & { readonly pieceLength: number }) {
    const { version, pieceLength } = rules
    this.#pieces = version === 'v2' ? null : new PieceHasher('sha1', pieceLength, this.#kernel)
  }

  begin(): void {
    if (this.rules.version !== 'v1') this.#blocks = new PieceHasher('sha256', BLOCK, this.#kernel)
  }

  update(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    if (this.#missing > 0) this.#pad()
    this.#pieces?.update(chunk)
    this.#blocks?.update(chunk)
    this.size += chunk.length
  }

  end(path: readonly string[], length: number): void {
    const { version, pieceLength, isAligned } = this.rules
    const piecesRoot = length > 0 ? this.#endTree(length) : null
    this.files.push({ path, length, piecesRoot })
    if (length > 0 && isAligned && version !== 'v2')
      this.#missing = bytesMissing(length, pieceLength)
  }

  pieces(): Uint8Array | null {
    return this.#pieces?.finish() ?? null
  }

  /** Pad files are named by their size, as in torrents of files on a disk. */
  #pad(): void {
    this.#pieces?.update(new Uint8Array(this.#missing))
    this.files.push({ path: padPath(this.#missing), length: this.#missing, attr: 'p' })
    this.#missing = 0
  }

  #endTree(length: number): Uint8Array | null {
    const blocks = this.#blocks?.finish()
    if (!blocks) return null
    const leaves = { nodes: blocks, height: 0 }
    const { pieceLength } = this.rules
    if (length <= pieceLength) return findMerkleRoot(leaves, this.#kernel)
    const layer = climbMerkleTree(leaves, Math.log2(pieceLength / BLOCK), this.#kernel)
    const root = findMerkleRoot(layer, this.#kernel)
    this.layers.set(Buffer.from(root).toString('latin1'), layer.nodes)
    return root
  }
}
