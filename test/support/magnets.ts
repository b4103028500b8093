import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { seedWithLibtorrent } from './clients.js'
import { FILES, type Release } from './download.js'
import { findFreePort, startOpentracker } from './opentracker.js'
import { assertStatus, parseJson, runBtkit } from './run-btkit.js'
import { makeScratch } from './scratch.js'
import { startTrack } from './track.js'
import { serveLocally } from './listen.js'

/** A magnet link of an info hash in hexadecimal, and of parameters, some of them several times. */
export function magnetOf(infoHash: string, parameters: Record<string, string[]> = {}): string {
  const rest = Object.entries(parameters).flatMap(([key, values]) => {
    return values.map((value) => `&${key}=${encodeURIComponent(value)}`)
  })
  return `magnet:?xt=urn:btih:${infoHash}${rest.join('')}`
}

/** An address of this machine that is no loopback address; null where there is none. */
export const outerAddress =
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? null

/** The magnet link of a release that somebody has, found by a tracker; both are at an address. */
export async function seededLink(t: TestContext, address = '127.0.0.1'): Promise<string> {
  const tracker = await startTrack(t, { args: ['--interval', '5', '--host', address] })
  const release = await make(t, `${tracker.address}/announce`)
  await seed(t, release, address)
  return release.link
}

/** The same, with a tracker that names seeds to everybody. */
export async function openlySeededLink(t: TestContext): Promise<string> {
  const port = await findFreePort()
  const release = await make(t, `http://127.0.0.1:${port}/announce`)
  await startOpentracker(t, port, release.infoHash)
  await seed(t, release, '127.0.0.1')
  return release.link
}

/** The magnet link of a release, with its tracker alone. */
export function linkOf({ infoHash, tracker }: Pick<Release, 'infoHash' | 'tracker'>): string {
  return magnetOf(infoHash, { tr: [`${tracker.address}/announce`] })
}

async function make(t: TestContext, announce: string) {
  const source = makeScratch(t, FILES)
  const torrent = join(makeScratch(t), 'a.torrent')
  const args = [join(source, 'release'), announce, '--target', torrent, '--json', '--no-cache']
  const made = assertStatus(await runBtkit(['makemetafile', ...args]), 0)
  const infoHash = String(parseJson(made)['infoHash'])
  return { source, torrent, infoHash, link: magnetOf(infoHash, { tr: [announce] }) }
}

async function seed(
  t: TestContext,
  { torrent, source }: Pick<Release, 'torrent' | 'source'>,
  address: string,
): Promise<void> {
  const place = { directory: source, listen: `${address}:0` }
  await seedWithLibtorrent(t, readFileSync(torrent), place)
}

/** Serves a file over HTTP until the test ends, and returns its address. */
export async function serveBytes(t: TestContext, bytes: Uint8Array): Promise<string> {
  const port = await serveLocally(t, (request, response) => {
    if (request.url === '/a.torrent') response.end(bytes)
    else response.writeHead(404).end()
  })
  return `http://127.0.0.1:${port}/a.torrent`
}
