// Compares `btkit publish` of many torrents that it knows the data of with what an administrator does
// otherwise: rtorrent is stopped, started with all torrents, and hashes their data until it seeds them.
// Both end when rtorrent lists each torrent as seeding. Then what an idle `completedir --publish` costs
// beside one without, over many torrents that rtorrent seeds: whole processes in turns, medians of the
// runs. Build first: npm run build
//
//   node bench/publish.js [torrents] [MiB of each] [idle torrents]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { callScgi } from '../dist/src/seeding/clients/rtorrent/scgi.js'
import { decodeResponse, encodeCall } from '../dist/src/seeding/clients/rtorrent/xml-rpc.js'
import {
  btkit,
  compare,
  hasProgram,
  makeScratch,
  plantFile,
  printTable,
  run,
  runBtkit,
  tracker,
} from './support.js'

// Refuses at once: a name that is looked up would keep rtorrent busy
const unheard = 'http://127.0.0.1:9/announce'
const MIN_FACTOR = 5
const MAX_IDLE_FACTOR = 2
const LIMIT_MS = 300_000

const count = Number(process.argv[2] ?? 1000)
const mib = Number(process.argv[3] ?? 1)
const idleCount = Number(process.argv[4] ?? 10_000)

if (!hasProgram('rtorrent')) {
  console.log('rtorrent is not installed')
} else {
  if (count > 0) await comparePublishing()
  if (idleCount > 0) await compareIdleRuns()
}

async function comparePublishing() {
  const scratch = makeScratch({ inMemory: false })
  const env = { BTKIT_CACHE_DIR: join(scratch, 'cache'), BTKIT_STATE_DIR: join(scratch, 'state') }
  const [data, torrents] = [join(scratch, 'data'), join(scratch, 'torrents')]
  for (const directory of [data, torrents]) mkdirSync(directory)
  for (let i = 0; i < count; i++) plantFile(join(data, `${i}.iso`), mib)
  runBtkit(['completedir', tracker, data, '--target', torrents, '--quiet'], env)
  const files = readdirSync(torrents).map((name) => join(torrents, name))

  const loading = `schedule2 = load,0,0,((load.start,${torrents}/*.torrent))`
  const hashing = await measure(scratch, { data, setting: loading })
  const act = (socket) => {
    const client = ['--client', `scgi+unix://${socket}`]
    runBtkit(['publish', ...files, '--data', data, ...client, '--quiet'], env)
  }
  const publishing = await measure(scratch, { data, act })
  const factor = hashing / publishing
  printTable(`${count} torrents of ${mib} MiB, rtorrent, ${cpus().length} processors`, [
    ['what', 'seconds'],
    ['rtorrent is started with the torrents, and checks them', hashing.toFixed(2)],
    ['btkit publish, to an rtorrent that runs', publishing.toFixed(2)],
  ])
  const verdict = factor >= MIN_FACTOR ? 'yes' : 'no'
  console.log(`\n${factor.toFixed(1)} times as fast; at least ${MIN_FACTOR} times: ${verdict}`)
  if (factor < MIN_FACTOR) process.exitCode = 1
}

/** Over files of a few bytes: what an idle run costs does not depend on their sizes. */
async function compareIdleRuns() {
  const scratch = makeScratch({ inMemory: false })
  const env = { BTKIT_CACHE_DIR: join(scratch, 'cache'), BTKIT_STATE_DIR: join(scratch, 'state') }
  const [data, torrents] = [join(scratch, 'data'), join(scratch, 'torrents')]
  for (const directory of [data, torrents]) mkdirSync(directory)
  const earlier = Date.now() / 1000 - 600
  for (let i = 0; i < idleCount; i++) {
    writeFileSync(join(data, `${i}.iso`), `content of ${i}`)
    utimesSync(join(data, `${i}.iso`), earlier, earlier)
  }
  const complete = ['completedir', unheard, data, '--target', torrents, '--quiet']
  runBtkit(complete, env)
  const { child, socket } = await startRtorrent(join(scratch, 'idle'), data)
  try {
    const publishing = [...complete, '--publish', `scgi+unix://${socket}`]
    runBtkit(publishing, env)
    await whenSeeding(socket, idleCount)
    const [plain, published] = compare([
      () => run([process.execPath, btkit, ...complete], env),
      () => run([process.execPath, btkit, ...publishing], env),
    ])
    tellIdleRuns(plain.seconds, published.seconds)
  } finally {
    await end(child)
  }
}

function tellIdleRuns(plain, published) {
  const factor = published / plain
  printTable(`${idleCount} torrents that rtorrent seeds, nothing changed`, [
    ['what', 'seconds'],
    ['btkit completedir', plain.toFixed(2)],
    ['btkit completedir --publish', published.toFixed(2)],
  ])
  const verdict = factor <= MAX_IDLE_FACTOR ? 'yes' : 'no'
  console.log(`\n${factor.toFixed(1)} times as long; at most ${MAX_IDLE_FACTOR} times: ${verdict}`)
  if (factor > MAX_IDLE_FACTOR) process.exitCode = 1
}

/**
 * Seconds until rtorrent seeds all: from its start, or where something is done once it runs, from then
 * on.
 */
async function measure(scratch, { data, setting = '', act }) {
  let started = performance.now()
  const home = join(scratch, act ? 'publishing' : 'hashing')
  const { child, socket } = await startRtorrent(home, data, setting)
  try {
    if (act) {
      started = performance.now()
      act(socket)
    }
    await whenSeeding(socket, count)
    return (performance.now() - started) / 1000
  } finally {
    await end(child)
  }
}

async function startRtorrent(home, data, setting = '') {
  mkdirSync(home)
  const socket = join(home, 'rpc.sock')
  const settings = [
    'system.daemon.set = true',
    `network.scgi.open_local = ${socket}`,
    `directory.default.set = ${data}`,
    'dht.mode.set = disable',
    setting,
  ]
  writeFileSync(join(home, 'rc'), settings.map((line) => `${line}\n`).join(''))
  const child = spawn('rtorrent', ['-n', '-o', `import=${join(home, 'rc')}`], { stdio: 'ignore' })
  while (!existsSync(socket)) await setTimeout(20)
  return { child, socket }
}

async function whenSeeding(socket, wanted) {
  const started = performance.now()
  while ((await seeding(socket)) < wanted) {
    if (performance.now() - started > LIMIT_MS) throw new Error('rtorrent takes too long')
    await setTimeout(50)
  }
}

async function end(child) {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** How many torrents rtorrent seeds. */
async function seeding(socket) {
  const params = ['', 'main', 'd.complete=', 'd.is_active=']
  const options = { label: 'rtorrent', timeoutMs: 30_000, signal: new AbortController().signal }
  const answer = await callScgi({ path: socket }, encodeCall('d.multicall2', params), options)
  return decodeResponse(answer).filter(([isWhole, isActive]) => isWhole + isActive === 2).length
}
