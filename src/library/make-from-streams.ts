import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { bytesMissing, refuseInPads } from '../core/digests/pad-files.js'
import { refusePaths } from '../core/digests/content.js'
import { comparePaths } from '../core/digests/sort-files.js'
import { checkReplaceable } from '../core/check-replaceable.js'
import { BtkitError, refuseAborted } from '../errors.js'
import { writeAtomically } from '../files/write/atomically.js'
import { ArrivingPieces, ArrivingTree, type PieceLengthFor } from '../hash/arriving-bytes.js'
import { chooseKernel } from '../hash/kernels.js'
import { buildInfo, encodePieceLayers, type InfoFile } from '../metainfo/build/info.js'
import { buildTorrent } from '../metainfo/build/torrent.js'
import { infoHashesOf, type MetainfoVersion } from '../metainfo/metainfo.js'
import { checkName, padPath } from '../metainfo/name.js'
import { findUnsafePaths } from '../metainfo/parse/unsafe-path.js'
import { suitedPieceLength } from '../metainfo/piece-length.js'
import { startTask, type Task, type TellProgress } from './task.js'
import { commonRequestOf, type MadeTorrent, type MakeOptions } from './torrent-options.js'

/** Bytes in memory, or pieces of them that arrive over time, such as a stream of Node. */
export type StreamedBytes = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** A file whose bytes come from the caller. */
export interface StreamedFile {
  /** The path below the torrent's name, with `/` between components. */
  readonly path: string
  readonly content: StreamedBytes
  /** Bytes of the file; needed for streams below a directory if no piece length is given. */
  readonly length?: number | undefined
}

/** Content that is not on a disk: a single file, or files below a name. */
export type StreamedContent =
  | (Omit<StreamedFile, 'path'> & { readonly name: string })
  | { readonly name: string; readonly files: Iterable<StreamedFile> }

/**
 * Makes a torrent of streams. They are read one after another, in the torrent's order. Options that
 * choose files, order them or bound the number of pieces do not apply.
 */
export function makeFromStreams(source: StreamedContent, options: MakeOptions): Task<MadeTorrent> {
  return startTask(options, async (signal, tell) => {
    checkContent(source)
    const request = commonRequestOf(options)
    const { version } = request
    const name = checkName(options.name ?? source.name)
    const isDirectory = 'files' in source
    const given = isDirectory ? [...source.files] : [{ ...source, path: name }]
    const files = inOrder(given, version)
    const isAligned = request.isAligned === true || version !== 'v1'
    checkPaths({ name, isDirectory, files }, { version, isAligned })
    const lengthFor = pieceLengthFor(request.pieceLength, { files, isDirectory, isAligned })
    const hashing = new Hashing({ version, lengthFor, isAligned })
    const bytesTotal = files.reduce((sum, file) => sum + (lengthOf(file) ?? 0), 0)
    await unlessAborted(signal, readAll(files, hashing, { signal, tell, bytesTotal }))
    if (hashing.size === 0) throw new BtkitError('empty', `${name}: is empty`)
    const { private: isPrivate, sourceTag, extraKeys, parts, creationDate } = request
    const info = buildInfo({
      version,
      name,
      isDirectory,
      files: hashing.files,
      pieceLength: lengthFor(hashing.size),
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

interface Divided {
  readonly files: readonly StreamedFile[]
  readonly isDirectory: boolean
  readonly isAligned: boolean
}

/** The piece length by size. Pad files depend on it, so that of a directory must be known before. */
function pieceLengthFor(
  given: number | 'auto',
  { files, isDirectory, isAligned }: Divided,
): PieceLengthFor {
  const isOpen = !isDirectory && files.some((file) => lengthOf(file) === undefined)
  if (given === 'auto' && isOpen) return (size) => suitedPieceLength([size], isAligned)
  const pieceLength =
    given === 'auto' ? suitedPieceLength(files.map(requireLength), isAligned) : given
  return () => pieceLength
}

function requireLength(file: StreamedFile): number {
  const length = lengthOf(file)
  if (length !== undefined) return length
  const why = 'its length is unknown: give that, or pieceLength'
  throw new BtkitError('usage', `${file.path}: ${why}`)
}

/** Waits for work, but after an abort not for a stream from which nothing comes. */
async function unlessAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  const end = new AbortController()
  const aborted = once(signal, 'abort', { signal: end.signal }).then(() => {
    refuseAborted(signal)
  })
  try {
    await Promise.race([work, aborted])
  } finally {
    end.abort()
  }
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

/** The digests of files that are read one after another. */
class Hashing {
  readonly files: InfoFile[] = []
  readonly layers = new Map<string, Uint8Array>()
  /** Bytes that were hashed, without those of pad files. */
  size = 0
  readonly #kernel = chooseKernel()
  readonly #pieces: ArrivingPieces | null
  #tree: ArrivingTree | null = null
  /** Bytes that are missing to the end of a piece before the next file that has bytes. */
  #missing = 0

  constructor(readonly rules: Rules & { readonly lengthFor: PieceLengthFor }) {
    const { version, lengthFor } = rules
    this.#pieces = version === 'v2' ? null : new ArrivingPieces(lengthFor, this.#kernel)
  }

  begin(): void {
    const { version, lengthFor } = this.rules
    if (version !== 'v1') this.#tree = new ArrivingTree(lengthFor, this.#kernel)
  }

  update(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    if (this.#missing > 0) this.#pad()
    this.#pieces?.update(chunk)
    this.#tree?.update(chunk)
    this.size += chunk.length
  }

  end(path: readonly string[], length: number): void {
    const { version, lengthFor, isAligned } = this.rules
    const piecesRoot = length > 0 ? this.#endTree() : null
    this.files.push({ path, length, piecesRoot })
    if (length > 0 && isAligned && version !== 'v2')
      this.#missing = bytesMissing(length, lengthFor(this.size))
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

  #endTree(): Uint8Array | null {
    if (!this.#tree) return null
    const { root, layer } = this.#tree.finish()
    if (layer) this.layers.set(Buffer.from(root).toString('latin1'), layer)
    return root
  }
}

/** @throws BtkitError `usage` for what only callers without types give */
function checkContent(source: unknown): void {
  const isNamed = typeof source === 'object' && source !== null && 'name' in source
  if (!isNamed)
    throw new BtkitError('usage', 'content: neither a path nor a name with its bytes or files')
}
