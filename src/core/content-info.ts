import { buildInfo } from '../metainfo/build-info.js'
import { isPad, type Content } from './content.js'
import { hashContent, type Means } from './hash-content.js'
import { InputHash } from './input-hash.js'
import type { Memory } from './memory.js'
import { unknownPieces } from './piece-table.js'
import { recallPieces } from './recall-pieces.js'
import { areSettled, type CacheTrust } from './stamp.js'

/** What a torrent's `info` says beside the content. */
export interface InfoOptions {
  readonly private: boolean
  /** `info.source`. */
  readonly sourceTag: string | null
  /** Whether pad files say that they are some (BEP 47), so that clients leave them out. */
  readonly tellPads?: boolean
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
  means: Means,
): Promise<ContentInfo> {
  if (!content.isDirectory) return makeInfo(content, options, means)
  const { cache, trust, now } = means.memory
  const input = infoInput(content, options, trust)
  const known = cache.info(input)
  if (known) return { info: known, bytesHashed: 0 }
  const startedMs = now()
  const made = await makeInfo(content, options, means)
  if (areSettled(content.files, startedMs, trust)) cache.rememberInfo(input, made.info)
  return made
}

/** The `info` of content when the cache knows all of it, else null. Nothing is read. */
export function recallInfo(
  content: Content,
  options: InfoOptions,
  memory: Memory,
): ContentInfo | null {
  const known = content.isDirectory
    ? memory.cache.info(infoInput(content, options, memory.trust))
    : null
  if (known) return { info: known, bytesHashed: 0 }
  const table = recallPieces(content, memory)
  if (unknownPieces(table).length > 0) return null
  return { info: composeInfo(content, options, table.digests), bytesHashed: 0 }
}

async function makeInfo(
  content: Content,
  options: InfoOptions,
  means: Means,
): Promise<ContentInfo> {
  const { pieces, bytesHashed } = await hashContent(content, means)
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

function listFiles({ files }: Content, { tellPads }: InfoOptions) {
  return files.map((file) => {
    const entry = { path: file.path, length: file.fingerprint.size }
    return tellPads && isPad(file) ? { ...entry, isPad: true } : entry
  })
}

/** SHA-256 of all that an `info` is made from: names, fingerprints, options. */
export function infoInput(content: Content, options: InfoOptions, trust: CacheTrust): Uint8Array {
  const { name, isDirectory, pieceLength, files } = content
  const { private: isPrivate, sourceTag, tellPads } = options
  const whatElse = [name, isDirectory, pieceLength, isPrivate, sourceTag]
  if (tellPads) whatElse.push(tellPads)
  const hash = new InputHash()
  hash.text(JSON.stringify(whatElse))
  for (const { path, absolutePath, fingerprint } of files) {
    hash.text(`${path.join('\0')}\0\0${absolutePath}\0`)
    hash.stamp(fingerprint, trust)
  }
  return hash.digest()
}
