import { encodeBencode } from '../../metainfo/bencode/encode.js'
import { ByteComparer } from '../../metainfo/bencode/writer.js'
import { writeFiles } from '../../metainfo/build/file-lists.js'
import type { BencodeDict } from '../../metainfo/bencode/value.js'
import { latin1 } from '../../base/bytes.js'
import { buildInfoSteps, encodePieceLayers } from '../../metainfo/build/info.js'
import type { TorrentCore } from '../../metainfo/build/torrent.js'
import type { PieceCache } from '../../disk/cache/piece-cache.js'
import { rootOf } from './file-trees.js'
import type { Content, UncutContent } from './content.js'
import { boundFiles, listFiles } from './listed-files.js'
import { hashContent, type HashContext, type HashedContent } from './hash-content.js'
import type { CacheAccess } from './cache-access.js'
import type { CacheTrust } from '../../disk/cache/trust.js'
import type { ContentDigests, PieceTable } from './piece-table.js'
import { withoutPads } from './pad-files.js'
import { recallSteps } from './recall-pieces.js'
import { doAtOnce, eachNumber, type Steps } from '../../base/steps.js'
import { trace } from '../../base/text/trace.js'
import { InputHash, runsOf } from './input-hash.js'

/** The values in `info` that do not describe the content. */
export interface InfoOptions {
  readonly private: boolean
  /** `info.source`. */
  readonly sourceTag: string | null
  /** Additional keys of `info`. */
  readonly extraKeys?: BencodeDict | undefined
}

/** A request for the `info` of content. */
export class InfoRequest {
  #input: Uint8Array | null = null

  constructor(
    readonly content: Content,
    readonly options: InfoOptions,
    private readonly trust: CacheTrust,
  ) {}

  /** Whether a cache has the `info` as a whole. It has that of a file by its digests. */
  isKeptIn({ keepsAnything }: PieceCache): boolean {
    return keepsAnything && this.content.isDirectory
  }

  /**
   * SHA-256 of all inputs of the `info`: equal inputs make an equal `info`. Computed on demand,
   * because single files do not need it.
   */
  get input(): Uint8Array {
    return doAtOnce(this.inputSteps())
  }

  /** The same in steps. */
  *inputSteps(): Steps<Uint8Array> {
    this.#input ??= yield* hashInput(this.content, this.options, this.trust)
    return this.#input
  }
}

/** Returns the same of content that is not divided yet. */
export function infoInput(
  content: UndividedContent,
  options: InfoOptions,
  trust: CacheTrust,
): Uint8Array {
  return doAtOnce(hashInput(content, options, trust))
}

/** Content of which only the piece length is known. */
type UndividedContent = UncutContent & Pick<Content, 'pieceLength'>

/**
 * Obtains an `info`. The `info` of a directory is cached as a whole, so that an unchanged directory
 * only costs its scan.
 * @throws BtkitError as hashContent does
 */
export async function obtainInfo(
  request: InfoRequest,
  hashContext: HashContext,
): Promise<TorrentCore & Pick<HashedContent, 'bytesHashed' | 'isSettled'>> {
  const { content, options } = request
  const { cache } = hashContext.cacheAccess
  const known = recallWhole(request, cache)
  if (known) return { ...known, bytesHashed: 0, isSettled: true }
  const hashed = await hashContent(content, hashContext)
  const { bytesHashed, isSettled } = hashed
  const core = composeCore(content, options, hashed)
  if (isSettled) keepWhole(request, core, cache)
  return { ...core, bytesHashed, isSettled }
}

/** Keeps an `info` and its layers, if the cache has it as a whole. */
function keepWhole(request: InfoRequest, core: TorrentCore, cache: PieceCache): void {
  if (!request.isKeptIn(cache)) return
  cache.put('info', request.input, core.info)
  if (core.pieceLayers) cache.put('layers', request.input, core.pieceLayers)
}

/** Returns an `info` with its layers if the cache has both, else null. */
function recallWhole(request: InfoRequest, cache: PieceCache): TorrentCore | null {
  if (!request.isKeptIn(cache)) return null
  const info = cache.get('info', request.input)
  if (!info || request.content.version === 'v1') return info && { info, pieceLayers: null }
  const pieceLayers = cache.get('layers', request.input)
  return pieceLayers && { info, pieceLayers }
}

/** Looks up an `info` in the cache, or else the known digests of its pieces. Reads no files. */
export function* recallInfo(
  request: InfoRequest,
  cacheAccess: CacheAccess,
): Steps<TorrentCore | PieceTable> {
  const { content, options } = request
  if (request.isKeptIn(cacheAccess.cache)) yield* request.inputSteps()
  const known = recallWhole(request, cacheAccess.cache)
  if (known) {
    trace(() => `${content.name}: its whole info is cached`)
    return known
  }
  const table = yield* recallSteps(content, cacheAccess)
  return table.isKnown.includes(0) ? table : yield* composeSteps(content, options, table)
}

/** Encodes the description of content from its digests. */
export function composeCore(
  content: Content,
  options: InfoOptions,
  digests: ContentDigests,
): TorrentCore {
  return doAtOnce(composeSteps(content, options, digests))
}

/** The same in steps. */
export function* composeSteps(
  content: Content,
  options: InfoOptions,
  { digests, trees }: ContentDigests,
): Steps<TorrentCore> {
  const areMarked = marksPads(content)
  const info = yield* buildInfoSteps({
    version: content.version,
    name: content.name,
    isDirectory: content.isDirectory,
    files: listFiles(content, areMarked, trees),
    room: content.isDirectory ? boundFiles(content) : 0,
    pieceLength: content.pieceLength,
    pieces: digests,
    private: options.private,
    source: options.sourceTag,
    extraKeys: options.extraKeys,
  })
  if (!trees) return { info, pieceLayers: null }
  const layers = Array.from(trees.layers, ([file, layer]) => {
    return [latin1(rootOf(trees, file)), layer] as const
  })
  return { info, pieceLayers: encodePieceLayers(new Map(layers)) }
}

/** Whether an encoded list of files is that of content in a torrent of version 1. */
export function isFileList(encoded: Uint8Array, content: Content): boolean {
  const comparer = new ByteComparer(encoded)
  const areMarked = marksPads(content)
  doAtOnce(writeFiles(listFiles(content, areMarked, null), comparer))
  return comparer.isEqual
}

/** Whether pad files are marked (BEP 47): all but the null files of pkgtorrent. */
function marksPads({ version, isAligned }: Content): boolean {
  return isAligned === true || version !== 'v1'
}

/** Computes SHA-256 of names, fingerprints and options. */
function* hashInput(
  content: UndividedContent,
  options: InfoOptions,
  trust: CacheTrust,
): Steps<Uint8Array> {
  const { version, name, isDirectory, pieceLength } = content
  // The sizes of all others tell where each has padding before it
  const files = content.isAligned ? withoutPads(content.files) : content.files
  const { private: isPrivate, sourceTag, extraKeys } = options
  const whatElse: unknown[] = [name, isDirectory, pieceLength, isPrivate, sourceTag]
  const hasAttributes = files.findIndex((i) => files.attributesAt(i) !== undefined) >= 0
  if (extraKeys?.size) whatElse.push('keys', Buffer.from(encodeBencode(extraKeys)).toString('hex'))
  if (hasAttributes) whatElse.push('attributes')
  if (content.isAligned) whatElse.push('aligned')
  if (version !== 'v1') whatElse.push(version)
  const hash = new InputHash()
  hash.text(JSON.stringify(whatElse))
  for (const run of runsOf(files)) {
    hash.paths(files, run)
    yield* eachNumber(run.to - run.from, (offset) => {
      const i = run.from + offset
      if (hasAttributes)
        hash.text(`${files.attributesAt(i) ?? ''}\0${files.symlinkAt(i)?.join('\0') ?? ''}\0\0`)
      hash.fingerprint(files, i, trust)
    })
    yield
  }
  return hash.digest()
}
