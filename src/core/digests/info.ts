import { buildInfo } from '../../metainfo/build/info.js'
import { isPad, type Content } from './content.js'
import { hashContent, type HashContext } from './hash-content.js'
import { InputHash } from './input-hash.js'
import type { CacheAccess } from './cache-access.js'
import { unknownPieces, type PieceTable } from './piece-table.js'
import { recallingPieces } from './recall-pieces.js'
import { finish, type Steps } from './steps.js'
import type { CacheTrust } from './cache-trust.js'

/** What a torrent's `info` says beside the content. */
export interface InfoOptions {
  readonly private: boolean
  /** `info.source`. */
  readonly sourceTag: string | null
  /** Whether pad files say that they are some (BEP 47), so that clients leave them out. */
  readonly markPadFiles?: boolean
}

export interface ContentInfo {
  /** Encoded. */
  readonly info: Uint8Array
  readonly bytesHashed: number
  /** Whether it may be remembered by its input. */
  readonly isSettled: boolean
}

/** An `info` that is wanted. */
export interface InfoRequest {
  readonly content: Content
  readonly options: InfoOptions
  /** SHA-256 of all that the `info` is made from: as long as it is the same, so is the `info`. */
  readonly input: Uint8Array
}

/** Asks for the `info` of content. Its input is digested when asked for: single files need it not. */
export function infoRequest(
  content: Content,
  options: InfoOptions,
  trust: CacheTrust,
): InfoRequest {
  let input: Uint8Array | null = null
  return {
    content,
    options,
    get input() {
      input ??= finish(hashingInput(content, options, trust))
      return input
    },
  }
}

/** The same in steps, one for each file, with the input digested at the end. */
export function* requestingInfo(
  content: Content,
  options: InfoOptions,
  trust: CacheTrust,
): Steps<InfoRequest> {
  return { content, options, input: yield* hashingInput(content, options, trust) }
}

/**
 * Obtains an `info`. That of a directory is remembered as a whole, so that one in which nothing
 * changed costs its scan alone. `table` is what the cache is known to know of its pieces.
 * @throws BtkitError as hashContent does
 */
export async function obtainInfo(
  request: InfoRequest,
  hashContext: HashContext,
  table?: PieceTable,
): Promise<ContentInfo> {
  const { content, options } = request
  const { cache } = hashContext.cacheAccess
  const known = content.isDirectory ? cache.info(request.input) : null
  if (known) return { info: known, bytesHashed: 0, isSettled: true }
  const { pieces, bytesHashed, isSettled } = await hashContent(content, hashContext, table)
  const info = composeInfo(content, options, pieces)
  if (content.isDirectory && isSettled) cache.rememberInfo(request.input, info)
  return { info, bytesHashed, isSettled }
}

/** What the cache knows of an `info`: all of it, or the digests of some of its pieces. */
export type RecalledInfo = { readonly info: Uint8Array } | { readonly table: PieceTable }

/** Looks an `info` up in the cache. Nothing else is read. */
export function recallInfo(request: InfoRequest, cacheAccess: CacheAccess): RecalledInfo {
  return finish(recallingInfo(request, cacheAccess))
}

/** The same in steps, one for each file; the last takes longer, as it encodes the info. */
export function* recallingInfo(
  request: InfoRequest,
  cacheAccess: CacheAccess,
): Steps<RecalledInfo> {
  const { content, options } = request
  const known = content.isDirectory ? cacheAccess.cache.info(request.input) : null
  if (known) return { info: known }
  const table = yield* recallingPieces(content, cacheAccess)
  if (unknownPieces(table).length > 0) return { table }
  return { info: composeInfo(content, options, table.digests) }
}

/** Encodes the `info` of content whose digests are at hand. */
export function composeInfo(
  content: Content,
  options: InfoOptions,
  pieces: Uint8Array,
): Uint8Array {
  return buildInfo({
    name: content.name,
    content: content.isDirectory ? listFiles(content, options) : content.size,
    pieceLength: content.pieceLength,
    pieces,
    private: options.private,
    source: options.sourceTag,
  })
}

function listFiles({ files }: Content, { markPadFiles }: InfoOptions) {
  return files.map((file) => {
    const entry = { path: file.path, length: file.fingerprint.size }
    return markPadFiles && isPad(file) ? { ...entry, isPad: true } : entry
  })
}

/** SHA-256 of names, fingerprints and options. */
function* hashingInput(
  content: Content,
  options: InfoOptions,
  trust: CacheTrust,
): Steps<Uint8Array> {
  const { name, isDirectory, pieceLength, files } = content
  const { private: isPrivate, sourceTag, markPadFiles } = options
  const whatElse = [name, isDirectory, pieceLength, isPrivate, sourceTag]
  if (markPadFiles) whatElse.push(markPadFiles)
  const hash = new InputHash()
  hash.text(JSON.stringify(whatElse))
  for (const { path, absolutePath, fingerprint } of files) {
    yield
    hash.text(`${path.join('\0')}\0\0${absolutePath}\0`)
    hash.fingerprint(fingerprint, trust)
  }
  return hash.digest()
}
