import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unboundHeapGrowth } from '../../heap-growth.js'
import { ALL_COMMANDS, NO_COMMAND } from './bundles.js'
import { writeCodeCache } from './code-cache.js'
import { loadProgram } from './load-program.js'

const TRACKER = 'http://tracker.example/announce'

/**
 * Runs the commands that people wait for, and keeps what V8 compiled for them. To be called in a
 * process of its own.
 */
async function warmUp(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'btkit-warm-up-'))
  try {
    // Nothing of this is the user's
    process.env['BTKIT_CACHE_DIR'] = join(scratch, 'cache')
    process.env['BTKIT_STATE_DIR'] = join(scratch, 'state')
    for (const [bundle, commands] of prepareCommands(scratch)) await warmUpBundle(bundle, commands)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function warmUpBundle(bundle: string, commands: string[][]): Promise<void> {
  const { main, scripts } = loadProgram(bundle)
  for (const args of commands) {
    process.argv = [process.argv0, 'btkit', ...args]
    await main('btkit')
  }
  // V8 refuses code that was compiled under other flags than those of a start
  unboundHeapGrowth()
  for (const { codeCache, source, script } of scripts) writeCodeCache(codeCache, source, script)
}

/** What to run of each bundle. */
function prepareCommands(scratch: string): [string, string[][]][] {
  const file = join(scratch, 'file')
  const tree = join(scratch, 'tree')
  mkdirSync(tree)
  writeFileSync(join(tree, 'entry'), Buffer.alloc(100_000))
  writeFileSync(file, Buffer.alloc(100_000))
  const torrent = `${file}.torrent`
  const complete = ['completedir', tree, TRACKER]
  return [
    [NO_COMMAND, [['--version']]],
    ['makemetafile', [['makemetafile', file, TRACKER]]],
    ['showmetainfo', [['showmetainfo', torrent]]],
    ['completedir', [complete, complete]],
    [
      ALL_COMMANDS,
      [
        ['verify', torrent],
        ['reannounce', TRACKER, torrent],
      ],
    ],
  ]
}

void warmUp()
