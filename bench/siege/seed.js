// A siege of `btkit seed` beside an honest leecher, libtorrent's. Its downloads alone and beside all strangers
// take turns, so that other work on the machine does not count for one of them only. A real leecher has
// processors of its own; here it has the last one, and the strangers have the others.
import { execFileSync, fork } from 'node:child_process'
import { connect } from 'node:net'
import { availableParallelism, setPriority } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { leech, plant, startBtkit } from '../seed/programs.js'
import { median, peakMemory, printTable, tracker } from '../support.js'
import { cpuSeconds, stop } from '../track/programs.js'
import { percentile } from './honest.js'

const PEERS = fileURLToPath(new URL('peers.js', import.meta.url))
const GOALS = { share: 0.8, memory: 250, fresh: 1000, idle: 5 }
const TURNS = 3
const SIZE = 512
const NEW_PERIOD = 200
const LAST = availableParallelism() - 1

/** Besieges a seed for so many seconds. Resolves with whether everything held. */
export async function besiegeSeed(seconds, niceness) {
  const release = plant('siege', { files: 1, mib: SIZE })
  // Data of the last two seconds is not seeded
  await setTimeout(2500)
  const seed = await startBtkit(release, ['--dht', '--dht-node', '127.0.0.1:9'])
  let said = ''
  seed.child.stderr.on('data', (chunk) => (said += chunk))
  const phase = { seed, release, milliseconds: (seconds * 1000) / TURNS / 2 }
  const [alone, beside, fresh, strangers] = [[], [], [], {}]
  await leech(seed, release.torrents, LAST)
  for (let turn = 0; turn < TURNS; turn++) {
    alone.push(await downloadFor(phase))
    const attack = await startAttack(phase, niceness)
    const asking = askSteadily(phase)
    beside.push(await downloadFor(phase))
    fresh.push(...(await asking.end()))
    for (const [name, count] of Object.entries(await attack.end())) {
      strangers[name] = (strangers[name] ?? 0) + count
    }
  }
  const memory = peakMemory(seed.child.pid)
  await setTimeout(2000)
  const idle = await shareOf(seed)
  await stop(seed)
  return report({ alone, beside, fresh, strangers, memory, idle, said })
}

/** Downloads again and again. Returns bytes a second. */
async function downloadFor({ seed, release, milliseconds }) {
  let [took, count] = [0, 0]
  while (took * 1000 < milliseconds) {
    const [{ all }] = await leech(seed, release.torrents, LAST)
    took += all
    count++
  }
  return (count * release.bytes) / took
}

async function startAttack({ seed, release }, niceness) {
  const child = fork(PEERS, [`${seed.port}`, release.hashes[0]])
  setPriority(child.pid, niceness)
  if (LAST > 0) execFileSync('taskset', ['-a', '-p', '-c', `0-${LAST - 1}`, `${child.pid}`])
  process.on('exit', () => child.kill('SIGKILL'))
  await new Promise((resolve) => child.once('message', resolve))
  const counts = new Promise((resolve) => {
    child.once('message', resolve)
    child.once('exit', () => resolve({}))
  })
  return {
    end: () => {
      child.send('end')
      return counts
    },
  }
}

/** Calls as a new peer at even intervals. Resolves with the milliseconds until each answer. */
function askSteadily({ seed, release }) {
  let isOver = false
  const answers = []
  const run = async () => {
    while (!isOver) {
      answers.push(greet(seed.port, release.hashes[0]))
      await setTimeout(NEW_PERIOD)
    }
    return Promise.all(answers)
  }
  const all = run()
  return {
    end: () => {
      isOver = true
      return all
    },
  }
}

/** Infinity if there is no handshake in answer. */
function greet(port, hash) {
  const began = performance.now()
  const protocol = Buffer.from('\x13BitTorrent protocol\0\0\0\0\0\x10\0\0', 'latin1')
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: '127.0.3.1' })
    socket.write(Buffer.concat([protocol, Buffer.from(hash, 'hex'), Buffer.alloc(20, 'x')]))
    socket.on('error', () => {})
    socket.once('data', () => {
      resolve(performance.now() - began)
      socket.destroy()
    })
    socket.once('close', () => resolve(Infinity))
    socket.setTimeout(30_000, () => socket.destroy())
  })
}

/** Its part of a processor during two seconds. */
async function shareOf(seed) {
  const before = cpuSeconds(seed)
  await setTimeout(2000)
  return (cpuSeconds(seed) - before) / 2
}

function report({ alone, beside, fresh, strangers, memory, idle, said }) {
  const share = median(beside.map((rate, turn) => rate / alone[turn]))
  const longest = percentile(fresh, 1)
  const percent = (part) => `${(100 * part).toFixed(0)} %`
  // No program answers at the tracker's address
  const lines = said.split('\n').filter((line) => !line.includes(tracker))
  const refusals = lines.filter((line) => /error|warning|dropped/.test(line))
  const rows = [
    ['rate of the leecher, of its rate alone', percent(share), '>= 80 %', share >= GOALS.share],
    ['longest answer to a new peer', `${longest.toFixed(0)} ms`, '< 1 s', longest < GOALS.fresh],
    ['peak memory of the seed', `${memory.toFixed(0)} MiB`, '<= 250 MiB', memory <= GOALS.memory],
    ['processor once they are gone', percent(idle), '< 5 %', idle < GOALS.idle / 100],
    ['errors and warnings', refusals.length, '0', refusals.length === 0],
  ]
  printTable('Siege of a seed', [
    ['what', 'measured', 'goal', ''],
    ...rows.map(([what, value, goal, isMet]) => [what, value, goal, isMet ? 'held' : 'broken']),
  ])
  const rates = (values) => values.map((rate) => `${(rate / 1e6).toFixed(0)}`).join(', ')
  printTable('Besides', [
    ['what', 'measured'],
    ['MB/s alone, in turns', rates(alone)],
    ['MB/s beside strangers, in turns', rates(beside)],
    ['new peers', fresh.length],
    ...Object.entries(strangers),
    ...refusals.slice(0, 5).map((line) => ['said', line]),
  ])
  return rows.every(([, , , isMet]) => isMet)
}
