// Rows of many small torrents, and of many jobs: V8 has hardly compiled the program when it ends.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, tracker } from '../../support.js'
import { PYTHON } from '../measure.js'
import { WITH_LIBTORRENT } from './hashing.js'

const CPU = { key: 'cpu', unit: 's of the processor' }

/** Plants small files. */
function plantFiles(directory, count) {
  mkdirSync(directory, { recursive: true })
  for (let i = 0; i < count; i++) writeFileSync(join(directory, `${i}.bin`), `${i}`.repeat(20))
}

/** A row of a command on 8,000 torrents, each of a small file; 1,000 in haste. */
function many(command, limit) {
  return {
    name: `${command} of 8,000 torrents`,
    needs: ['libtorrent'],
    figures: [{ ...CPU, limit, beside: "libtorrent's torrent_info", isOfLarge: true }],
    async prepare(places) {
      const torrents = await places.shared('torrents', (at) => {
        const [source, target] = [join(at, 'source'), join(at, 'torrents')]
        plantFiles(source, places.isQuick ? 1000 : 8000)
        mkdirSync(target)
        places.run('now', ['completedir', tracker, source, '--target', target, '--quiet'])
      })
      const directory = join(torrents, 'torrents')
      const paths = readdirSync(directory).map((name) => join(directory, name))
      return {
        reference: () => run([PYTHON, WITH_LIBTORRENT, 'hash', ...paths]),
        run: (who) => places.run(who, [command, ...paths]),
      }
    },
  }
}

/** A row of a batch with a job for each of 800 files. `limit` is for what the options leave. */
function batch(name, limit, ...options) {
  return {
    name: `batch of 800 jobs${name}`,
    figures: [{ ...CPU, limit, beside: 'makemetafile of the 800 files' }],
    async prepare(places) {
      const source = await places.shared('jobs', (at) => plantFiles(at, 800))
      const names = readdirSync(source)
      const [output, file] = [places.at('output'), join(places.scratch, 'jobs.yaml')]
      const jobs = names.map(
        (each, i) => `  job${i}:
    makemetafile:
      path: ${join(source, each)}
      output: ${join(output, each)}.torrent
      comment: number ${i}`,
      )
      writeFileSync(file, `defaults:\n  announce: ${tracker}\njobs:\n${jobs.join('\n')}\n`)
      /** Nothing is known of the files, and no torrent is there. */
      const fresh = (who, args) => {
        const { BTKIT_CACHE_DIR } = places.envOf(who)
        for (const old of [output, BTKIT_CACHE_DIR]) rmSync(old, { recursive: true, force: true })
        mkdirSync(output)
        return places.run(who, [...args, '--quiet'])
      }
      const paths = names.map((each) => join(source, each))
      return {
        reference: () => fresh('now', ['makemetafile', tracker, ...paths, '--output', output]),
        run: (who) => fresh(who, ['batch', file, ...options]),
      }
    },
  }
}

export const ROWS = [
  many('hash', 4.5),
  many('magnet', 4.5),
  many('lint', 6),
  batch('', 3.5),
  batch(', of which one runs', 0.8, '--only', 'job700'),
]
