import assert from 'node:assert/strict'
import { readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { seedWithLibtorrent } from './clients.js'
import { findPeer } from './peers.js'
import { pseudoRandom } from './pseudo-random.js'
import { parseJson, runBtkit } from './run-btkit.js'
import { makeScratch, type Files } from './scratch.js'
import { startTrack, type RunningTrack } from './track.js'
import { serveLocally } from './listen.js'

/** The files to download. */
export const FILES: Files = {
  'release/a/one.bin': pseudoRandom(1_234_567, 1),
  'release/empty': '',
  'release/ümläut & more': pseudoRandom(300_000, 2),
}

/** A release to download. */
export interface Release {
  readonly tracker: RunningTrack
  /** The path of the torrent. */
  readonly torrent: string
  /** The directory that holds its content. */
  readonly source: string
  readonly infoHash: string
}

/** A torrent of files, or of one, and a tracker for it, which may have an address of its own. */
export async function plant(
  t: TestContext,
  files: Files = FILES,
  more: readonly string[] = [],
): Promise<Release> {
  const at = more.indexOf('--host')
  const where = at < 0 ? [] : more.slice(at, at + 2)
  const tracker = await startTrack(t, { args: ['--interval', '5', ...where] })
  const source = makeScratch(t, files)
  const [name = ''] = readdirSync(source)
  const torrent = join(makeScratch(t), 'a.torrent')
  const args = [
    'makemetafile',
    join(source, name),
    `${tracker.address}/announce`,
    '--json',
    ...more.filter((arg) => !where.includes(arg)),
  ]
  const made = await runBtkit([...args, '-l', '15', '--target', torrent, '--no-cache'])
  assert.equal(made.status, 0, made.stderr)
  return { tracker, torrent, source, infoHash: String(parseJson(made)['infoHash']) }
}

/** Serves the files of a directory, with ranges, and returns the address of the directory. */
async function serveFiles(t: TestContext, place: { source: string }): Promise<string> {
  const port = await serveLocally(t, (request, response) => {
    const bytes = readFileSync(join(place.source, decodeURIComponent(request.url ?? '')))
    const [, from = 0, to = bytes.length - 1] =
      /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const part = bytes.subarray(Number(from), Number(to) + 1)
    const range = `bytes ${from}-${to}/${bytes.length}`
    response.writeHead(206, { 'Content-Range': range, 'Content-Length': part.length }).end(part)
  })
  return `http://127.0.0.1:${port}/`
}

/** The same, with somebody who has it: Transmission connects to no peer on this machine. */
export async function seededFor(
  t: TestContext,
  client: string,
  files: Files = FILES,
): Promise<Release> {
  if (!client.startsWith('transmission')) return seeded(t, files)
  const place = { source: '' }
  const base = await serveFiles(t, place)
  const [first = ''] = Object.keys(files)
  const seed = first.includes('/') ? base : base + first
  const release = await plant(t, files, ['--web-seed', seed])
  place.source = release.source
  return release
}

/** The same, with a libtorrent that seeds it. */
export async function seeded(t: TestContext, files: Files = FILES): Promise<Release> {
  const release = await plant(t, files)
  await seedWithLibtorrent(t, readFileSync(release.torrent), { directory: release.source })
  return release
}

/** An environment in which no client is installed but one. */
export function only(t: TestContext, client: string): Record<string, string> {
  const directory = makeScratch(t)
  for (const program of ['sh', 'rm', 'sleep', 'stat', client]) {
    symlinkSync(findPeer(program)!, join(directory, program))
  }
  return { PATH: directory, TMPDIR: makeScratch(t) }
}

/** Ports apart from others', and nothing remembered. */
export const MINE = ['--minport', '20000', '--maxport', '60000', '--no-cache']
