import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, latin1 } from '../../bytes.js'
import { loadProgram } from './load-program.js'

/** The commands with a program of their own. The build sets it. */
declare const OWN_STARTS: readonly string[]

const TRACKER = 'http://tracker.example/announce'

const scratch = mkdtempSync(join(tmpdir(), 'btkit-warm-up-'))
const [file, tree] = [join(scratch, 'file'), join(scratch, 'tree')]
const torrent = `${file}.torrent`
const configuration = join(scratch, 'config.yaml')

const CONTENT = Buffer.alloc(100_000)
/** The torrent of a file with this content. */
const INFO = `d6:lengthi${CONTENT.length}e4:name4:file12:piece lengthi262144e6:pieces20:`
const TORRENT = `d8:announce${TRACKER.length}:${TRACKER}4:info${INFO}${latin1(digestOf('sha1', CONTENT))}ee`

/** The commands for which people wait, with the lines to run. */
const COMMANDS: readonly (readonly [command: string, ...lines: readonly string[][]])[] = [
  ['makemetafile', [file, TRACKER]],
  ['showmetainfo', [torrent]],
  ['completedir', [tree, TRACKER], [tree, TRACKER]],
  ['verify', [torrent]],
  ['reannounce', [TRACKER, torrent]],
]

/**
 * Runs commands in this process and saves the code that V8 compiled for them: those of one start, or
 * without a name all.
 */
async function warmUp(only: string | undefined): Promise<void> {
  mkdirSync(tree)
  for (const path of [file, join(tree, 'entry')]) writeFileSync(path, CONTENT)
  if (only === 'showmetainfo') writeFileSync(torrent, TORRENT, 'latin1')
  writeFileSync(configuration, 'defaults:\n  cache-trust: full\n')
  // The cache and state of the user are not touched
  process.env['BTKIT_CACHE_DIR'] = join(scratch, 'cache')
  process.env['BTKIT_STATE_DIR'] = join(scratch, 'state')
  process.env['BTKIT_CONFIG'] = configuration
  const { main, keepCode } = loadProgram(only)
  const chosen = COMMANDS.filter(([command]) => only === undefined || command === only)
  for (const [command, ...lines] of chosen) {
    for (const args of lines) {
      process.argv = [process.argv0, 'btkit', command, ...args]
      await main('btkit')
    }
  }
  await keepCode()
}

/** The starts with compiled code of their own, each in a process of its own: it keeps all it has. */
function warmUpOthers(): void {
  for (const command of OWN_STARTS) {
    execFileSync(process.execPath, [__filename, command], { stdio: 'ignore' })
  }
}

const [, , only] = process.argv

void warmUp(only)
  .finally(() => {
    rmSync(scratch, { recursive: true, force: true })
  })
  .then(() => {
    if (only === undefined) warmUpOthers()
  })
