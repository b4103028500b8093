import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, latin1 } from '../../base/bytes.js'
import { loadProgram } from './load-program.js'

const TRACKER = 'http://tracker.example/announce'

const scratch = mkdtempSync(join(tmpdir(), 'btkit-warm-up-'))
const [file, tree, many] = [join(scratch, 'file'), join(scratch, 'tree'), join(scratch, 'many')]
const torrent = `${file}.torrent`
const configuration = join(scratch, 'config.yaml')

const CONTENT = Buffer.alloc(100_000)
/** The torrent of a file with this content. */
const INFO = `d6:lengthi${CONTENT.length}e4:name4:file12:piece lengthi262144e6:pieces20:`
const TORRENT = `d8:announce${TRACKER.length}:${TRACKER}4:info${INFO}${latin1(digestOf('sha1', CONTENT))}ee`

/**
 * The commands for which people wait, with the lines to run; config is in the program of all
 * commands.
 */
const COMMANDS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  makemetafile: [
    [file, TRACKER],
    [many, TRACKER],
  ],
  '--help': [[]],
  showmetainfo: [[torrent]],
  completedir: [
    [tree, TRACKER],
    [tree, TRACKER],
  ],
  verify: [[torrent]],
  reannounce: [[TRACKER, torrent]],
  // Nothing listens there: the request alone loads what sends it
  status: [['--client', 'transmission+http://127.0.0.1:1/']],
  config: [['show']],
}

/** Runs a command in this process, and saves the code that V8 compiled for it. */
async function warmUp(command: string): Promise<void> {
  for (const directory of [tree, many]) mkdirSync(directory)
  const names = Array.from({ length: 20 }, (_, i) => join(many, String(i)))
  for (const path of [file, join(tree, 'entry'), ...names]) writeFileSync(path, CONTENT)
  // Nothing is kept of files that have just changed
  for (const path of names) utimesSync(path, 1, 1)
  if (command !== 'makemetafile') writeFileSync(torrent, TORRENT, 'latin1')
  writeFileSync(configuration, 'defaults:\n  cache-trust: mtime\n')
  // The cache and state of the user are not touched
  process.env['BTKIT_CACHE_DIR'] = join(scratch, 'cache')
  process.env['BTKIT_STATE_DIR'] = join(scratch, 'state')
  process.env['BTKIT_CONFIG'] = configuration
  const lines = (COMMANDS[command] ?? []).map((args) => {
    return [process.argv0, 'btkit', command, ...args]
  })
  const { main, keepCode } = loadProgram(command)
  for (const line of lines) {
    process.argv = line
    await main('btkit')
  }
  await keepCode()
  // The code counts, not what the commands found
  process.exitCode = 0
}

process.once('exit', () => {
  rmSync(scratch, { recursive: true, force: true })
})
const [, , command] = process.argv

// Each in a process of its own, which keeps all that it has compiled
if (command === undefined) {
  for (const each of Object.keys(COMMANDS))
    execFileSync(process.execPath, [...process.execArgv, __filename, each], { stdio: 'ignore' })
} else void warmUp(command)
