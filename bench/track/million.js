// A million peers in 100,000 swarms: memory, start, and announces while peers expire and the state
// is saved.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { printTable } from '../support.js'
import { memoryOf, startTrack, stop } from './programs.js'

const BUILD = fileURLToPath(new URL('../..', import.meta.url))
const PEERS = 1_000_000
const SWARMS = 100_000
export const LIMITS = {
  maxPeers: PEERS + 100_000,
  maxSwarms: SWARMS + 10_000,
  maxPerAddress: PEERS,
  maxPerAddressInSwarm: 65535,
  peerTimeout: 2700,
  keepsEmpty: false,
}

export async function lookAtMillion(scratch, { seconds, announceWith }) {
  const state = join(scratch, 'million')
  const limits = ['--max-peers', `${LIMITS.maxPeers}`, '--max-swarms', `${LIMITS.maxSwarms}`]
  const empty = await startTrack(scratch, ...limits)
  const before = memoryOf(empty)
  await stop(empty)
  await saveMillion(state)
  const started = performance.now()
  const program = await startTrack(scratch, ...limits, '--save-interval', '1', '--state', state)
  const startSeconds = (performance.now() - started) / 1000
  const memory = memoryOf(program) - before
  const p99 = loadGently(program, { seconds: 3 * seconds, announceWith })
  const after = memoryOf(program) - before
  await stop(program)
  printTable('A million peers in 100,000 swarms', [
    ['what', 'figure', 'wanted'],
    ['start with that state', `${startSeconds.toFixed(2)} s`, '3 s'],
    ['memory beside that of an empty tracker', `${memory.toFixed(0)} MiB`, '250 MiB'],
    ['the same after saving again and again', `${after.toFixed(0)} MiB`, ''],
    ['99th percentile of announces meanwhile', p99, '5 ms'],
  ])
}

/** Announces on few connections, as fast as they are answered. */
function loadGently({ port }, { seconds, announceWith }) {
  const args = ['-t1', '-c4', `-d${seconds}`, '--latency', '-s', announceWith]
  const { stdout } = spawnSync('wrk', [...args, `http://127.0.0.1:${port}/`], { encoding: 'utf8' })
  return /99%\s+(\S+)/.exec(stdout)[1]
}

/** Writes a state, as a build has it, of a million peers, a tenth of them with IPv6, whose times run out all along. */
export async function saveMillion(path, build = BUILD) {
  const { StateFile } = await import(join(build, 'dist/src/tracker/state-file.js'))
  const { SwarmStore } = await import(join(build, 'dist/src/tracker/swarms/swarm-store.js'))
  let now = 1_000_000
  const store = new SwarmStore(LIMITS, () => now)
  for (let n = 0; n < PEERS; n += 1) {
    // Within the first minutes after the start some hundred peers expire each second
    if (n % 500 === 0) now += 1
    store.announce(peerOf(n))
  }
  const world = { now: Date.now, warn: console.error, onError: console.error }
  await new StateFile(path, store, world).save()
}

function peerOf(n) {
  const [infoHash, peerId, address] = [Buffer.alloc(20), Buffer.alloc(20), Buffer.alloc(16)]
  infoHash.writeUInt32BE(n % SWARMS, 16)
  peerId.writeUInt32BE(n, 16)
  if (n % 10 === 0) address.writeUInt32BE(0x20010db8, 0)
  else address.fill(0xff, 10, 12)
  address.writeUInt32BE(0x0b000000 + n, n % 10 === 0 ? 4 : 12)
  const wish = { wanted: 0, wantsIds: false, wantsBothFamilies: false }
  const peer = { infoHash, peerId, address, port: 1 + (n % 65535), key: n, event: 'started' }
  return { ...peer, isComplete: n % 3 === 0, ...wish }
}
