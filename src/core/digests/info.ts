import { buildInfo } from '../../metainfo/build/info.js'
import { isPad, type Content } from './content.js'
import { hashContent, type HashContext } from './hash-content.js'
import { InputHash } from './input-hash.js'
import type { CacheAccess } from './cache-access.js'
import { unknownPieces } from './piece-table.js'
import { recallPieces } from './recall-pieces.js'
import { noneIsRacy } from './racy.js'
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
}

/**
 * Obtains the `info` of content. That of a directory is remembered as a whole, so that one in which
 * nothing changed costs its scan alone.
 * @throws BtkitError as hashContent does
 */
export async function obtainInfo(
  content: Content,
  options: InfoOptions,
  hashContext: HashContext,
): Promise<ContentInfo> {
  if (!content.isDirectory) return makeInfo(content, options, hashContext)
  const { cache, trust, now } = hashContext.cacheAccess
  const input = infoInput(content, options, trust)
  const known = cache.info(input)
  if (known) return { info: known, bytesHashed: 0 }
  const startedMs = now()
  const made = await makeInfo(content, options, hashContext)
  if (noneIsRacy(content.files, startedMs, trust)) cache.rememberInfo(input, made.info)
  return made
}

/** The `info` of content when the cache knows all of it, else null. Nothing is read. */
export function recallInfo(
  content: Content,
  options: InfoOptions,
  cacheAccess: CacheAccess,
): ContentInfo | null {
  const known = content.isDirectory
    ? cacheAccess.cache.info(infoInput(content, options, cacheAccess.trust))
    : null
  if (known) return { info: known, bytesHashed: 0 }
  const table = recallPieces(content, cacheAccess)
  if (unknownPieces(table).length > 0) return null
  return { info: composeInfo(content, options, table.digests), bytesHashed: 0 }
}

async function makeInfo(
  content: Content,
  options: InfoOptions,
  hashContext: HashContext,
): Promise<ContentInfo> {
  const { pieces, bytesHashed } = await hashContent(content, hashContext)
  return { info: composeInfo(content, options, pieces), bytesHashed }
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

function listFiles({ files }: Content, { markPadFiles: markPadFiles }: InfoOptions) {
  return files.map((file) => {
    const entry = { path: file.path, length: file.fingerprint.size }
    return markPadFiles && isPad(file) ? { ...entry, isPad: true } : entry
  })
}

/** SHA-256 of all that an `info` is made from: names, fingerprints, options. */
export function infoInput(content: Content, options: InfoOptions, trust: CacheTrust): Uint8Array {
  const { name, isDirectory, pieceLength, files } = content
  const { private: isPrivate, sourceTag, markPadFiles: markPadFiles } = options
  const whatElse = [name, isDirectory, pieceLength, isPrivate, sourceTag]
  if (markPadFiles) whatElse.push(markPadFiles)
  const hash = new InputHash()
  hash.text(JSON.stringify(whatElse))
  for (const { path, absolutePath, fingerprint } of files) {
    hash.text(`${path.join('\0')}\0\0${absolutePath}\0`)
    hash.fingerprint(fingerprint, trust)
  }
  return hash.digest()
}
