import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { decodeTorrent } from '../support/decode-torrent.js'
import { projectRoot, runProgram, type ExecutableResult } from '../support/programs.js'
import { quickFirst } from '../support/long.js'
import { runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'
import { referenceDigests } from '../support/reference-digests.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { TRACKER } from '../support/torrents.js'

// Needs the built program: it is copied

const MIB = 2 ** 20

/**
 * Plants the files of the package, beside those that npm installs and builds: no modules of src.
 */
function plantPackage(t: TestContext): string {
  const root = makeScratch(t)
  mkdirSync(join(root, 'dist'))
  for (const part of ['package.json', 'bin', 'dist/bundle'])
    cpSync(join(projectRoot, part), join(root, part), { recursive: true })
  for (const part of ['native', 'node_modules'])
    symlinkSync(join(projectRoot, part), join(root, part))
  return root
}

/** Runs an executable of the package, and expects nothing on standard error. */
type Run = (name: string, ...args: string[]) => Promise<ExecutableResult>

function runner(t: TestContext, { env }: { readonly env: Record<string, string> }) {
  const root = plantPackage(t)
  const content = pseudoRandom(40 * MIB + 1)
  const cwd = makeScratch(t, { 'd/image.iso': content, 'd/list': 'image.iso' })
  const dirs = { BTKIT_CACHE_DIR: makeScratch(t), BTKIT_STATE_DIR: makeScratch(t) }
  const run: Run = async (name, ...args) => {
    const script = join(root, 'bin', `${name}.js`)
    const result = await runProgram(process.execPath, [script, ...args], {
      cwd,
      env: { ...dirs, ...env },
    })
    assert.deepEqual([result.status, result.stderr], [0, ''], `${name} ${args.join(' ')}`)
    return result
  }
  return { run, cwd, content }
}

test('the shipped schema is that of the options', async () => {
  const shipped = readFileSync(join(projectRoot, 'dist/bundle/config.schema.json'), 'utf8')
  assert.equal((await runBtkit(['config', 'schema'])).stdout, shipped)
})

const testEnvironment = quickFirst()

for (const [what, env] of Object.entries({
  'the bundle, as it is shipped': {},
  'the bundle, with its threads for node:crypto': { BTKIT_HASH: 'crypto' },
})) {
  testEnvironment(
    `${what}: makes, shows, changes and verifies torrents without the modules`,
    async (t) => {
      const { run, cwd, content } = runner(t, { env })
      await run(
        'btkit',
        'makemetafile',
        'd/image.iso',
        TRACKER,
        '--quiet',
        '-l',
        '20',
        '--threads',
        '2',
      )
      const { info } = decodeTorrent(readFileSync(join(cwd, 'd/image.iso.torrent')))
      assert.equal(info['pieces'], referenceDigests([content], MIB).toString('hex'))

      await run('btreannounce', 'http://new.example/announce', 'd/image.iso.torrent')
      const { stdout } = await run('btshowmetainfo', 'd/image.iso.torrent')
      assert.match(stdout, /new\.example/)
      await run('btkit', 'verify', 'd/image.iso.torrent', 'd/image.iso')

      await run('btkit', 'completedir', 'd', '--quiet', '--target', '.', '-a', TRACKER)
      assert.equal(decodeTorrent(readFileSync(join(cwd, 'list.torrent')))['announce'], TRACKER)
      const { stdout: help } = await run('btkit', '--help')
      assert.match(help, /completedir/)
    },
  )
}
