// Rows of commands that have next to nothing to do.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, tracker } from '../../support.js'
import { settle } from '../places.js'

function start(name, limit, argsOf) {
  return {
    name: `start of ${name}`,
    figures: [{ key: 'seconds', unit: 's', limit, beside: 'node -e 0' }],
    turns: 25,
    quickTurns: 15,
    async prepare(places) {
      const source = places.at('source')
      writeFileSync(join(source, 'entry'), 'small')
      await settle()
      for (const who of places.builds) {
        mkdirSync(join(places.scratch, who))
        places.run(who, complete(source, join(places.scratch, who)))
      }
      await settle()
      return {
        reference: () => run([process.execPath, '-e', '0']),
        run: (who) => places.run(who, argsOf(source, join(places.scratch, who))),
      }
    },
  }
}

function complete(source, target) {
  return ['completedir', tracker, source, '--target', target, '--quiet']
}

export const ROWS = [
  start('--version', 1.4, () => ['--version']),
  start('showmetainfo', 1.7, (_, target) => ['showmetainfo', join(target, 'entry.torrent')]),
  start('--help', 2, () => ['--help']),
  start('verify', 2.6, (source, target) => ['verify', join(target, 'entry.torrent'), source]),
  start('completedir of one entry', 2.1, complete),
]
