// Rows of machines that hash together, each with a disk of 50 MiB a second.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { MIB } from '../../support.js'
import { freePort, start, stop, waitFor } from '../programs.js'

/** The machine that asks hashes the first 256 MiB while it connects; workers the other 2 GiB. */
const FILES = 36
const SIZE = 64 * MIB

/** Seconds into a run, after which a worker dies with its jobs half done. */
const HALF = 5

/** A row of four workers beside one. `isKilled` says whether one of the four is killed. */
function workers(name, { limit, isKilled }) {
  return {
    name,
    needs: ['redis-server'],
    turns: 3,
    quickTurns: 1,
    figures: [{ key: 'seconds', unit: 's', limit, beside: 'one worker' }],
    async prepare(places) {
      const files = await places.shared('queue', plantFiles)
      const key = join(places.scratch, 'key')
      writeFileSync(key, randomBytes(32).toString('hex'), { mode: 0o600 })
      const { child: redis, url } = await startRedis()
      const queue = ['--queue', url, '--share', `files=${files}`, '--share-key-file', key]
      const hash = async (who, count, victims) => {
        const names = Array.from({ length: count }, (_, i) => `machine${i}`)
        const started = names.map((each) => startWorker(places, who, [...queue, ...own(each)]))
        const running = await Promise.all(started)
        try {
          const made = make(places, who, [files, ...queue])
          if (victims > 0) await setTimeout(HALF * 1000)
          for (const { child } of running.slice(0, victims)) child.kill('SIGKILL')
          return await made
        } finally {
          await Promise.all(running.slice(victims).map(stop))
        }
      }
      return {
        isFirst: true,
        reference: () => hash('now', 1, 0),
        run: (who) => hash(who, 4, isKilled ? 1 : 0),
        end: () => stop({ child: redis }),
      }
    },
  }
}

function plantFiles(at) {
  const bytes = randomBytes(SIZE)
  for (let i = 0; i < FILES; i++) {
    bytes.writeUInt32LE(i)
    const path = join(at, `${i}.bin`)
    writeFileSync(path, bytes)
    utimesSync(path, 1, 1)
  }
}

async function startRedis() {
  const port = await freePort()
  const child = start(['redis-server', '--port', `${port}`, '--bind', '127.0.0.1', '--save', ''])
  await waitFor(child, /Ready to accept connections/)
  return { child, url: `redis://127.0.0.1:${port}` }
}

const own = (machine) => ['--share-machine', machine, '--max-rate', '50M', '--no-cache']

async function startWorker(places, who, args) {
  const child = start(places.command(who, ['worker', ...args]))
  await waitFor(child, /takes jobs/)
  return { child }
}

/** Makes the torrent of the files with the workers, and returns the seconds that it took. */
async function make(places, who, args) {
  const started = performance.now()
  const output = ['--output', join(places.scratch, 'made.torrent'), '--force']
  const rules = ['--trackerless', '--no-cache', '--quiet', ...output]
  const child = start(places.command(who, ['makemetafile', ...args, ...rules]))
  const [status] = await once(child, 'exit')
  if (status !== 0) throw new Error(`makemetafile: status ${status}`)
  return { seconds: (performance.now() - started) / 1000 }
}

export const ROWS = [
  workers('queue, four workers', { limit: 0.28, isKilled: false }),
  workers('queue, one of four workers killed', { limit: 0.9, isKilled: true }),
]
