import { spawnSync } from 'node:child_process'
import { libtorrentPython } from './peers.js'

const READ = `
import json, sys, libtorrent
for path in json.load(sys.stdin):
    info = libtorrent.torrent_info(path)
    files = info.files()
    print(json.dumps({
        "infoHash": str(info.info_hashes().v1),
        "size": info.total_size(),
        "fileCount": files.num_files(),
    }))
`

/** A torrent that libtorrent accepts, as libtorrent describes it. */
export interface LibtorrentSummary {
  readonly infoHash: string
  readonly size: number
  readonly fileCount: number
}

/** Loads all these torrents in one Python; throws when libtorrent refuses one. */
export function loadInLibtorrent(paths: readonly string[]): LibtorrentSummary[] {
  const options = { input: JSON.stringify(paths), encoding: 'utf8' as const }
  const { status, stdout, stderr } = spawnSync(libtorrentPython!, ['-c', READ], options)
  if (status !== 0) throw new Error(stderr)
  const lines = stdout.trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as LibtorrentSummary)
}
