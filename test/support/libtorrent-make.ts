import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { InfoHashes } from '../../src/metainfo/info-hashes.js'
import type { MetainfoVersion } from '../../src/metainfo/metainfo.js'
import { projectRoot } from './executable.js'
import { libtorrentPython } from './peers.js'

/** A torrent for libtorrent to make. */
export interface WantedTorrent {
  /** The absolute path of a file or directory. */
  readonly source: string
  readonly pieceLength: number
  readonly version: MetainfoVersion
  /** Where the torrent goes. */
  readonly torrent: string
}

/** Makes torrents with libtorrent's creator, and returns their info hashes. */
export function makeWithLibtorrent(wanted: readonly WantedTorrent[]): InfoHashes[] {
  const script = join(projectRoot, 'test/support/libtorrent-make.py')
  const options = { input: JSON.stringify(wanted), encoding: 'utf8' as const }
  const { status, stdout, stderr } = spawnSync(libtorrentPython!, [script], options)
  if (status !== 0) throw new Error(stderr)
  const lines = stdout.trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as InfoHashes)
}
