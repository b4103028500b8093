// The seeds that are compared or besieged, and libtorrent as their leecher. Needs libtorrent's bindings for Python.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { btkit, makeScratch, plantFile, tracker } from '../support.js'
import { freePort, start, waitFor } from '../track/programs.js'

const PYTHON = '/usr/bin/python3'
const PEER = fileURLToPath(new URL('peer.py', import.meta.url))
const MIB = 2 ** 20

const scratch = makeScratch({ inMemory: true })

/** Files of random bytes, each with its torrent. */
export function plant(name, { files, mib, announce = tracker }) {
  const data = join(scratch, name, 'data')
  const torrents = join(scratch, name, 'torrents')
  mkdirSync(data, { recursive: true })
  mkdirSync(torrents)
  const names = Array.from({ length: files }, (_, n) => `${n}.bin`)
  for (const each of names) {
    if (mib >= 1) plantFile(join(data, each), mib)
    else writeFileSync(join(data, each), randomBytes(mib * MIB))
  }
  const place = ['completedir', announce, data, '--output', torrents, '--json', '--no-cache']
  const made = execFileSync(process.execPath, [btkit, ...place], { maxBuffer: 2 ** 28 })
  const hashes = [...made.toString().matchAll(/"infoHash": ?"([0-9a-f]{40})"/g)].map(
    (hit) => hit[1],
  )
  const paths = names.map((each) => join(torrents, `${each}.torrent`))
  return { data, directory: torrents, torrents: paths, hashes, bytes: mib * MIB }
}

/** Starts `btkit seed` with further options. Its digests are in the cache of a home of its own. */
export async function startBtkit({ data, directory, torrents }, more = []) {
  const home = join(scratch, 'home')
  const port = await freePort()
  const place = ['--host', '127.0.0.1', '--port', `${port}`, '--data', data, '--json', ...more]
  const options = { env: { ...process.env, HOME: home, XDG_CACHE_HOME: home }, stdio: 'pipe' }
  const child = start(process.execPath, [btkit, 'seed', directory, ...place], options)
  child.stdout.resume()
  const last = torrents.at(-1)
  await waitFor(child, new RegExp(`added .*${last.slice(last.lastIndexOf('/'))}`), child.stderr)
  return { child, port }
}

export async function startLibtorrent({ data, torrents }) {
  const port = await freePort()
  const child = start(PYTHON, [PEER, 'seed', `${port}`, data, ...torrents])
  await waitFor(child, /ready/)
  return { child, port }
}

/** Downloads from a seed, and returns the seconds of each leecher. They may have a processor of their own. */
export async function leech({ port }, sources, processor = null) {
  const directory = mkdtempSync(join(scratch, 'leech-'))
  const command = [PYTHON, PEER, 'leech', `${port}`, directory, ...sources]
  const [program, ...args] =
    processor === null ? command : ['taskset', '-c', `${processor}`, ...command]
  const child = start(program, args)
  const said = await waitFor(child, /^\[.*\]$/m)
  rmSync(directory, { recursive: true })
  return JSON.parse(said[0])
}
