import assert from 'node:assert/strict'
import { appendFileSync, closeSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { VerifyReport } from '../../src/core/verify/verify-report.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import {
  PIECE,
  plantRelease,
  plantSingle,
  plantV2,
  verify,
  type Release,
} from '../core/verify/release.js'
import { runProgram } from '../support/programs.js'
import { quickFirst } from '../support/long.js'
import { libtorrentPython, unlessLibtorrent } from '../support/peers.js'
import { makeScratch, plantFiles } from '../support/scratch.js'
import { goldenTorrent } from '../support/torrents.js'

/** Checks data without a network and without writing, and prints the pieces that are bad. */
const RECHECK = `
import json, sys, time, libtorrent as lt
session = lt.session({"listen_interfaces": "127.0.0.1:0", "enable_dht": False,
    "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False})
params = lt.add_torrent_params()
params.ti = lt.torrent_info(sys.argv[1])
params.save_path = sys.argv[2]
params.flags = lt.torrent_flags.upload_mode | lt.torrent_flags.stop_when_ready
handle = session.add_torrent(params)
busy = (lt.torrent_status.checking_files, lt.torrent_status.checking_resume_data)
deadline = time.time() + 30
while handle.status().state in busy or not handle.status().pieces:
    assert time.time() < deadline, handle.status().state
    time.sleep(0.01)
print(json.dumps([i for i, good in enumerate(handle.status().pieces) if not good]))
`

async function badPiecesOfLibtorrent({ directory }: Release): Promise<number[]> {
  const args = ['-c', RECHECK, join(directory, 'release.torrent'), directory]
  const { stdout, stderr } = await runProgram(libtorrentPython!, args)
  assert.notEqual(stdout, '', stderr)
  return JSON.parse(stdout) as number[]
}

/** The pieces in the ranges of a report. */
function badPiecesOf({ torrent }: Release, report: VerifyReport): number[] {
  const { files, pieceLength, version } = parseMetainfo(torrent)
  const ranges = new Map(
    report.files.map((file) => [file.path.join('/'), [...file.ranges, ...file.unchecked]]),
  )
  const bad = new Set<number>()
  let start = 0
  for (const { path, length, padding } of files) {
    for (const [from, to] of padding ? [] : (ranges.get(path.join('/')) ?? [])) {
      const first = Math.floor((start + from) / pieceLength)
      for (let piece = first; piece * pieceLength < start + to; piece++) bad.add(piece)
    }
    start += length
    // In version 2 each file begins a piece
    if (version === 'v2') start = Math.ceil(start / pieceLength) * pieceLength
  }
  return [...bad].sort((a, b) => a - b)
}

/** A hybrid that libtorrent made, with the content that test/golden/make-torrent.py gave it. */
function plantHybrid(t: TestContext): Release {
  const torrent = goldenTorrent('hybrid-directory.torrent')
  const directory = makeScratch(t, { 'release.torrent': torrent })
  const content = Buffer.from(Array.from({ length: 40_001 }, (_, i) => i % 251))
  for (const { path, length, padding } of parseMetainfo(torrent).files) {
    if (padding) continue
    plantFiles(directory, { [`content/${path.join('/')}`]: content.subarray(0, length) })
  }
  return { directory, torrent }
}

const V2_FILES = [
  { path: 'a', size: 2.5 * PIECE },
  { path: 'b/c', size: 9.25 * PIECE },
  { path: 'empty', size: 0 },
  { path: 'tiny', size: 7 },
  { path: 'z', size: 4 * PIECE },
]

/** Each kind of torrent, with the file in the middle of it that comes to harm. */
const RELEASES: Record<string, { plant: (t: TestContext) => Release; victim: string }> = {
  'a single file': {
    plant: (t) => plantSingle(t, 9.5 * PIECE),
    victim: 'release',
  },
  'a directory': {
    plant: (t) => {
      return plantRelease(t, [
        { path: 'a', size: 2.5 * PIECE },
        { path: 'empty', size: 0 },
        { path: 'b/c', size: 4.25 * PIECE },
        { path: 'b/tiny', size: 7 },
        { path: 'z', size: 3 * PIECE },
      ])
    },
    victim: 'release/b/c',
  },
  'a directory with pad files': {
    plant: (t) => {
      return plantRelease(t, [
        { path: 'a', size: 1.5 * PIECE },
        { path: '.pad/8192', size: 0.5 * PIECE, attr: 'p' },
        { path: 'b', size: 3 * PIECE + 1 },
        { path: '.pad/16383', size: PIECE - 1, attr: 'p' },
        { path: 'c', size: 10 },
      ])
    },
    victim: 'release/b',
  },
  'version 2': {
    plant: (t) => plantV2(t, V2_FILES, { version: 'v2', pieceLength: PIECE }),
    victim: 'release/b/c',
  },
  'version 2 with longer pieces': {
    plant: (t) => plantV2(t, V2_FILES, { version: 'v2', pieceLength: 4 * PIECE }),
    victim: 'release/b/c',
  },
  'a hybrid with longer pieces': {
    plant: (t) => plantV2(t, V2_FILES, { version: 'hybrid', pieceLength: 2 * PIECE }),
    victim: 'release/b/c',
  },
  'a hybrid': { plant: plantHybrid, victim: 'content/a/large.bin' },
}

const HARMS: Record<string, (path: string) => void> = {
  whole: () => undefined,
  flipped: (path) => {
    const file = openSync(path, 'r+')
    writeSync(file, '\xff\xff', PIECE + 100)
    closeSync(file)
  },
  truncated: (path) => {
    truncateSync(path, 1.25 * PIECE)
  },
  emptied: (path) => {
    truncateSync(path, 0)
  },
  missing: (path) => {
    rmSync(path)
  },
  grown: (path) => {
    appendFileSync(path, 'more')
  },
}

const testHarm = quickFirst(2)

for (const [name, { plant, victim }] of Object.entries(RELEASES)) {
  for (const [harm, act] of Object.entries(HARMS)) {
    testHarm(`verify and libtorrent agree on ${name}, ${harm}`, unlessLibtorrent, async (t) => {
      const release = plant(t)
      act(join(release.directory, victim))
      const report = await verify(release)
      const theirs = await badPiecesOfLibtorrent(release)
      assert.deepEqual(badPiecesOf(release, report), theirs)
      assert.equal(report.badPieces + report.uncheckedPieces, theirs.length)
      assert.equal(report.ok, harm === 'whole')
      assert.equal(theirs.length > 0, harm !== 'whole' && harm !== 'grown')
    })
  }
}
