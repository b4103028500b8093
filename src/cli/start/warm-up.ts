import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ALL_COMMANDS, NO_COMMAND } from './bundles.js'
import { loadProgram } from './load-program.js'

const TRACKER = 'http://tracker.example/announce'

const scratch = mkdtempSync(join(tmpdir(), 'btkit-warm-up-'))
const [file, tree] = [join(scratch, 'file'), join(scratch, 'tree')]
const torrent = `${file}.torrent`
const configuration = join(scratch, 'config.yaml')
const key = join(scratch, 'key')
const complete = ['completedir', tree, TRACKER]
// Nothing listens there: the packages are only loaded, by a run that must hash
const queue = ['--queue', 'redis://127.0.0.1:1', '--share', `s=${tree}`, '--share-key-file', key]

const SIMPLE = `defaults:
  cache-trust: full
  max-torrent-size: 64M
  collection: [a]
`

/** The commands for which people wait, by bundle. */
const COMMANDS: Readonly<Record<string, readonly string[][]>> = {
  [NO_COMMAND]: [['--version']],
  makemetafile: [['makemetafile', file, TRACKER]],
  showmetainfo: [['showmetainfo', torrent]],
  completedir: [complete, complete, [...complete, '--force', '--no-cache', ...queue]],
  [ALL_COMMANDS]: [
    ['verify', torrent],
    ['reannounce', TRACKER, torrent],
  ],
}

// Runs the commands in this process and saves the code that V8 compiled for them.
async function warmUp(): Promise<void> {
  mkdirSync(tree)
  for (const path of [file, join(tree, 'entry')]) writeFileSync(path, Buffer.alloc(100_000))
  writeFileSync(key, 'k'.repeat(64), { mode: 0o600 })
  // Nothing of the user's is touched
  process.env['BTKIT_CACHE_DIR'] = join(scratch, 'cache')
  process.env['BTKIT_STATE_DIR'] = join(scratch, 'state')
  process.env['BTKIT_CONFIG'] = configuration
  for (const [bundle, commands] of Object.entries(COMMANDS)) {
    const { main, keepCode } = loadProgram(bundle)
    // The first one reads a configuration that needs the yaml package, all others a simple one
    const [first = []] = commands
    for (const [i, args] of [first, ...commands].entries()) {
      writeFileSync(configuration, i === 0 ? `%YAML 1.2\n---\n${SIMPLE}` : SIMPLE)
      process.argv = [process.argv0, 'btkit', ...args]
      await main('btkit')
    }
    await keepCode()
  }
}

void warmUp().finally(() => {
  rmSync(scratch, { recursive: true, force: true })
})
