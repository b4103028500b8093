import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A torrent as libtorrent reads it. The hash of a missing version is zeros. */
export interface LibtorrentReading {
  readonly v1: string
  readonly v2: string
  readonly name: string
  readonly pieceLength: number
  /** Content only: libtorrent makes up pad files of its own for v2. */
  readonly files: [path: string, length: number][]
}

/** A system's own Python has its packages; one that stands earlier on PATH may not. */
const python = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import libtorrent']).status === 0,
)

/** Options for a test that needs libtorrent. */
export const needsLibtorrent = {
  skip: python === undefined && 'python3-libtorrent is not installed',
}

const READ = `
import base64, json, sys, libtorrent
pad = libtorrent.file_flags_t.flag_pad_file
def read(line):
    info = libtorrent.torrent_info(libtorrent.bdecode(base64.b64decode(line)))
    hashes = info.info_hashes()
    files = info.files()
    return {
        "v1": str(hashes.v1), "v2": str(hashes.v2),
        "name": info.name(), "pieceLength": info.piece_length(),
        "files": [[files.file_path(i), files.file_size(i)]
                  for i in range(files.num_files()) if not files.file_flags(i) & pad],
    }
print(json.dumps([read(line) for line in sys.stdin]))
`

/** Reads torrents with libtorrent, by one program. */
export function readAllWithLibtorrent(torrents: readonly Uint8Array[]): LibtorrentReading[] {
  const lines = torrents.map((torrent) => `${Buffer.from(torrent).toString('base64')}\n`)
  return JSON.parse(runPython(['-c', READ], lines.join('')).toString()) as LibtorrentReading[]
}

/** Reads a torrent with libtorrent. */
export function readWithLibtorrent(torrent: Uint8Array): LibtorrentReading {
  return readAllWithLibtorrent([torrent])[0]!
}

/** Makes a torrent with libtorrent: see test/golden/README.md. */
export function makeWithLibtorrent(
  version: 'v2' | 'hybrid',
  shape: 'single' | 'directory',
): Buffer {
  const script = new URL('../../../test/golden/make-torrent.py', import.meta.url)
  return runPython([fileURLToPath(script), version, shape])
}

function runPython(args: string[], input?: string): Buffer {
  const { status, stdout, stderr } = spawnSync(python ?? 'python3', args, { input })
  if (status !== 0) throw new Error(stderr.toString())
  return stdout
}
