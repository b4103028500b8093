import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { libtorrentPython } from './peers.js'

/** Reads torrents, each behind its length, and says of each its info hashes or why it is none. */
const READ = `
import json, libtorrent, struct, sys
data = sys.stdin.buffer.read()
at = 0
while at < len(data):
    (length,) = struct.unpack_from("<I", data, at)
    try:
        info = libtorrent.torrent_info(data[at + 4:at + 4 + length])
        hashes = info.info_hashes()
        print(json.dumps([str(hashes.v1) if hashes.has_v1() else None,
                          str(hashes.v2) if hashes.has_v2() else None]))
    except Exception as error:
        print(json.dumps(str(error)))
    at += 4 + length
`

/** The info hashes of a torrent, null for a version that it has not; a reason for what is none. */
export type Verdict = [v1: string | null, v2: string | null] | string

/** Returns libtorrent's verdicts on torrents. */
export function libtorrentVerdicts(torrents: readonly Uint8Array[]): Verdict[] {
  const input = Buffer.concat(torrents.flatMap((torrent) => [lengthOf(torrent), torrent]))
  const options = { input, encoding: 'utf8' as const, maxBuffer: 64 * 1024 * 1024 }
  const { status, stdout, stderr } = spawnSync(libtorrentPython!, ['-c', READ], options)
  assert.equal(status, 0, stderr)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Verdict)
}

function lengthOf({ length }: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(length)
  return bytes
}
