import { join } from 'node:path'
import type { CacheAccess } from '../../core/digests/cache-access.js'
import type { SingleFile } from '../../core/digests/content.js'
import { hasPieces } from '../../core/digests/recall-pieces.js'
import type { GivenTorrent } from '../../core/keep-seeded/given.js'
import { creationDateOf } from '../../disk/file-lists/fingerprint.js'
import type { InfoHash } from '../../metainfo/values.js'
import type { ServiceOptions } from '../options.js'
import { isWithheld } from '../tree/mirror.js'
import { directoryOf } from './content.js'
import { readState } from './file-changes.js'
import { fileKey, partsOfKey } from './source-key.js'
import type { KnownTorrent } from './torrents.js'

/** A torrent of version 1 of a single file, as it was before a restart. */
export interface RecordedTorrent extends KnownTorrent {
  readonly content: SingleFile
  readonly infoHash: InfoHash
}

/**
 * Returns a torrent as it was recorded, without a look at its file: whoever reads that finds out
 * whether it has changed. Null unless the cache has its hashes, or if the path may lead elsewhere.
 */
export function recordedTorrent(
  { infoHash, stamp, made }: GivenTorrent,
  { mirror, pieceLength }: Pick<ServiceOptions, 'mirror' | 'pieceLength'>,
  realRoot: string,
  cacheAccess: CacheAccess,
): RecordedTorrent | null {
  const looked = made && readState(made.state)
  if (!looked) return null
  const { path } = partsOfKey(stamp)
  const isSame = stamp === fileKey('v1', pieceLength, path) && !isWithheld(path, mirror)
  if (!isSame || looked.absolutePath !== join(realRoot, ...path)) return null
  const content: SingleFile = { file: { path, ...looked }, version: 'v1', pieceLength }
  if (!hasPieces(content, cacheAccess)) return null
  const { size, mtimeNs } = looked.fingerprint
  const { infoLength, state } = made
  const facts = {
    title: { name: path.at(-1) ?? '', path, files: 1, size },
    infoHash,
    infoHashes: { infoHash, infoHashV2: null },
    modified: creationDateOf(mtimeNs),
    state,
    directory: directoryOf(path),
    omitted: [],
  }
  return { content, infoHash, options: OPTIONS_OF_FILE, core: null, facts, infoLength }
}

/** The values in `info` of the torrent of a file. */
export const OPTIONS_OF_FILE = { private: false, sourceTag: null }
