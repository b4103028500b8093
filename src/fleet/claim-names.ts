import { fileRecordName, type FileKey } from '../cache/records/file.js'
import type { TreeKey } from '../cache/records/tree.js'
import { digestOf } from '../digest.js'
import type { ScannedFile } from '../files/scan/scanned-tree.js'
import type { CacheAccess } from '../core/digests/cache-trust.js'
import type { Content } from '../core/digests/content.js'
import { alignedFiles } from '../core/digests/file-trees.js'
import { pieceOwners } from '../core/digests/piece-owners.js'
import { unknownFiles, type PieceTable } from '../core/digests/piece-table.js'
import { isRacy } from '../core/digests/settled.js'
import { LEAST_BYTES } from './claims.js'

/** The most files with claims of their own. */
const MOST = 256

/** A file to be hashed for torrents of one version and piece length. */
export interface ClaimedFile {
  readonly version: Content['version']
  readonly key: FileKey | TreeKey
  readonly file: ScannedFile
}

/** Files to claim before content is read: each large one, or all files as one. */
export interface ClaimedFiles {
  readonly files: readonly ClaimedFile[]
  readonly isOne: boolean
}

/**
 * Returns the files of content to claim: those from LEAST_BYTES on. If there are none, or too many,
 * all files are one claim. Files whose digests will not be kept are left out.
 */
export function filesToClaim(
  content: Content,
  table: PieceTable,
  { now, trust }: Pick<CacheAccess, 'now' | 'trust'>,
): ClaimedFiles {
  const unknown = new Set(unknownFiles(content, table))
  const files = [...keyedFiles(content)].filter(({ file }) => {
    return unknown.has(file) && !isRacy(file.fingerprint, now(), trust)
  })
  const large = files.filter(({ file }) => file.fingerprint.size >= LEAST_BYTES)
  const isOne = large.length === 0 || large.length > MOST
  return { files: isOne ? files : large, isOne }
}

function* keyedFiles(content: Content): Generator<ClaimedFile> {
  const { version } = content
  if (version !== 'v2') {
    for (const { file, key } of pieceOwners(content)) yield { version, key, file }
    return
  }
  for (const { file } of alignedFiles(content)) {
    yield { version, key: { path: file.absolutePath, size: file.fingerprint.size }, file }
  }
}

/** Returns the names to claim. `nameOf` returns null for a file that is not to be claimed. */
export function namesOf(
  { files, isOne }: ClaimedFiles,
  nameOf: (file: ClaimedFile) => string | null,
): string[] {
  const names = files.map(nameOf).filter((name) => name !== null)
  return isOne && names.length > 1 ? [digestOf('sha256', names.join('\n')).toString('hex')] : names
}

/** Returns the name of a file among the processes that use one cache. */
export function localName({ version, key }: ClaimedFile): string {
  return `${version} ${'phase' in key ? fileRecordName(key) : key.path}`
}
