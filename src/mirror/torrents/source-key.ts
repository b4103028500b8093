import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import type { PieceLength } from '../../metainfo/values.js'

// The keys of what torrents are made of. The seed's records on disk have them.

export function fileKey(
  version: MetainfoVersion,
  pieceLength: PieceLength | 'auto',
  path: readonly string[],
): string {
  return `${version} file ${pieceLength}/${path.join('/')}`
}

/** `chosen` has names of entries, which contain no slash; null for all. */
export function directoryKey(
  version: MetainfoVersion,
  path: readonly string[],
  chosen: readonly string[] | null,
): string {
  const names = chosen === null ? '' : ` //${chosen.join('//')}`
  return `${version} directory /${path.join('/')}${names}`
}

export function setKey(version: MetainfoVersion, isSingle: boolean, digest: string): string {
  return `${version} ${isSingle ? 'single' : 'set'} ${digest}`
}

/**
 * The parts of a key. `path` and `chosen` are of files and directories, `digest` is that of a set.
 */
export function partsOfKey(key: string) {
  const [, version = 'v1', kind, digest = ''] = /^(v1|v2|hybrid) (\w+) (.*)$/s.exec(key) ?? []
  const [place = '', chosen] = kind === 'directory' ? digest.split(/ \/\/(.*)/s) : [digest]
  return {
    version: version as MetainfoVersion,
    kind,
    path: place.split('/').slice(1),
    chosen: chosen?.split('//') ?? null,
    digest,
  }
}
