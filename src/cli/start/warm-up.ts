import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadProgram } from './load-program.js'

const TRACKER = 'http://tracker.example/announce'

const scratch = mkdtempSync(join(tmpdir(), 'btkit-warm-up-'))
const [file, tree] = [join(scratch, 'file'), join(scratch, 'tree')]
const torrent = `${file}.torrent`
const configuration = join(scratch, 'config.yaml')

/** The commands for which people wait, with the lines to run. */
const COMMANDS: readonly (readonly [command: string, ...lines: readonly string[][]])[] = [
  ['makemetafile', [file, TRACKER]],
  ['showmetainfo', [torrent]],
  ['completedir', [tree, TRACKER], [tree, TRACKER]],
  ['verify', [torrent]],
  ['reannounce', [TRACKER, torrent]],
]

/** Runs commands in this process and saves the code that V8 compiled for them. */
async function warmUp(): Promise<void> {
  mkdirSync(tree)
  for (const path of [file, join(tree, 'entry')]) writeFileSync(path, Buffer.alloc(100_000))
  writeFileSync(configuration, 'defaults:\n  cache-trust: full\n')
  // The cache and state of the user are not touched
  process.env['BTKIT_CACHE_DIR'] = join(scratch, 'cache')
  process.env['BTKIT_STATE_DIR'] = join(scratch, 'state')
  process.env['BTKIT_CONFIG'] = configuration
  const { main, keepCode } = loadProgram()
  for (const [command, ...lines] of COMMANDS) {
    for (const args of lines) {
      process.argv = [process.argv0, 'btkit', command, ...args]
      await main('btkit')
    }
  }
  await keepCode()
}

void warmUp().finally(() => {
  rmSync(scratch, { recursive: true, force: true })
})
