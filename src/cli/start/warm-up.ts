import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeCodeCache } from './code-cache.js'
import { CODE_CACHE, loadProgram } from './load-program.js'

const TRACKER = 'http://tracker.example/announce'

/**
 * Runs the commands that people wait for, and keeps what V8 compiled for them. To be called in a
 * process of its own.
 */
async function warmUp(): Promise<void> {
  const { main, source, script } = loadProgram()
  const scratch = mkdtempSync(join(tmpdir(), 'btkit-warm-up-'))
  try {
    // Nothing of this is the user's
    process.env['BTKIT_CACHE_DIR'] = join(scratch, 'cache')
    process.env['BTKIT_STATE_DIR'] = join(scratch, 'state')
    for (const args of prepareCommands(scratch)) {
      process.argv = [process.argv0, 'btkit', ...args]
      await main('btkit')
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  writeCodeCache(CODE_CACHE, source, script)
}

function prepareCommands(scratch: string): string[][] {
  const file = join(scratch, 'file')
  const tree = join(scratch, 'tree')
  mkdirSync(tree)
  writeFileSync(join(tree, 'entry'), Buffer.alloc(100_000))
  writeFileSync(file, Buffer.alloc(100_000))
  return [
    ['--version'],
    ['makemetafile', file, TRACKER],
    ['showmetainfo', `${file}.torrent`],
    ['completedir', tree, TRACKER],
    ['completedir', tree, TRACKER],
  ]
}

void warmUp()
