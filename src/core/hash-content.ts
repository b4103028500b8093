import { BtkitError } from '../errors.js'
import { readFingerprintIfThere, sameFingerprint, type Fingerprint } from '../files/fingerprint.js'
import type { ScannedFile } from '../files/scanned-tree.js'
import { layStream } from '../hash/content-stream.js'
import { hashStream, type HashOptions } from '../hash/hash-stream.js'
import { isPad, type Content } from './content.js'
import type { Memory } from './memory.js'
import { DIGEST, setPieces, unknownPieces } from './piece-table.js'
import { recallPieces, rememberPieces } from './recall-pieces.js'

export type Engine = Omit<HashOptions, 'algorithm' | 'pieces'>

/** What use cases work with: the hash engine, and what it need not do again. */
export interface Means {
  readonly engine: Engine
  readonly memory: Memory
  /** How to make sure that files did not change while they were read; in turn by default. */
  readonly recheck?: RecheckFiles
  /**
   * Whether to read nothing but the very files that were looked at, wherever their names lead now:
   * for files that strangers may put links in place of.
   */
  readonly isGuarded?: boolean
}

/** Resolves when all files are as they were; else fails with BtkitError `changed`. */
export type RecheckFiles = (files: readonly ScannedFile[]) => Promise<void> | void

export interface HashedContent {
  /** The digests of all pieces, 20 bytes each. */
  readonly pieces: Uint8Array
  /** Bytes that had to be read; the others' digests were known. */
  readonly bytesHashed: number
}

/**
 * Obtains the digests of content, reading only what the cache does not know, and makes sure that
 * no file of it changed between the scan and the last read.
 * @throws BtkitError `changed` naming the file, and those of hashStream
 */
export async function hashContent(content: Content, means: Means): Promise<HashedContent> {
  const { engine, memory } = means
  const table = recallPieces(content, memory)
  const unknown = unknownPieces(table)
  if (unknown.length === 0) return { pieces: table.digests, bytesHashed: 0 }
  const startedMs = memory.now()
  const selection = unknown.length === content.pieceCount ? {} : { pieces: unknown }
  const digests = await hashStream(layContent(content, means), {
    ...engine,
    ...selection,
    algorithm: 'sha1',
  })
  await (means.recheck ?? recheckInTurn)(content.files)
  unknown.forEach((piece, i) => {
    setPieces(table, piece, digests.subarray(i * DIGEST, (i + 1) * DIGEST))
  })
  rememberPieces(content, table, { ...memory, startedMs })
  return { pieces: table.digests, bytesHashed: countBytes(unknown, content) }
}

function layContent({ files, pieceLength }: Content, { isGuarded }: Means) {
  const streamed = files.map(({ absolutePath, fingerprint }) => {
    const file = { path: absolutePath, length: fingerprint.size }
    return isGuarded ? { ...file, identity: fingerprint } : file
  })
  return layStream(streamed, pieceLength)
}

const recheckInTurn: RecheckFiles = (files) => {
  for (const file of files) {
    if (!isPad(file)) checkUnchanged(file, readFingerprintIfThere(file.absolutePath))
  }
}

/**
 * Makes sure that a file is what it was when it was scanned.
 * @throws BtkitError `changed`
 */
export function checkUnchanged(file: ScannedFile, fingerprint: Fingerprint | null): void {
  if (fingerprint && sameFingerprint(fingerprint, file.fingerprint)) return
  const what = fingerprint ? 'changed' : 'disappeared'
  throw new BtkitError('changed', `${file.absolutePath}: ${what} while it was read`)
}

/** The length of those pieces; the last of the stream may be short. */
function countBytes(pieces: Uint32Array, { pieceCount, pieceLength, size }: Content): number {
  const short = pieces.at(-1) === pieceCount - 1 ? pieceCount * pieceLength - size : 0
  return pieces.length * pieceLength - short
}
