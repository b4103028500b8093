import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { startExecutable } from '../support/executable.js'
import { longTest } from '../support/long.js'
import { findFreePort } from '../support/opentracker.js'
import { collect, projectRoot, runProgram } from '../support/programs.js'
import { makeScratch, plantFiles } from '../support/scratch.js'
import { installProgram } from '../support/installation.js'

// Node looks for a module in node_modules of all directories above, where others may have planted
// it: no command may ask for a package that is not installed with the program.

/** Notes each package that is asked for, and the file that stands for it or `false`. */
const NOTE_ASKED = `const Module = require('node:module')
const find = Module._findPath
Module._findPath = (request, ...rest) => {
  const found = find(request, ...rest)
  if (!/^[./]/.test(request))
    require('node:fs').appendFileSync(process.env.ASKED, request + ' ' + found + '\\n')
  return found
}`

const TRACKER = 'http://t.example/announce'
const KEY = 'k'.repeat(64)
const PORT = ['--host', '127.0.0.1', '--port', '0']

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  makemetafile: ['makemetafile', 'a', TRACKER, '--force'],
  'makemetafile with shared digests': [
    ...['makemetafile', 'a', TRACKER, '--force', '--cache-url', 'redis://127.0.0.1:1'],
    ...['--share', 'a=.', '--share-key-file', 'key'],
  ],
  'makemetafile URL': ['makemetafile', 'http://127.0.0.1:1/x', TRACKER],
  completedir: ['completedir', TRACKER, 'entries'],
  verify: ['verify', 'a.torrent', 'a'],
  lint: ['lint', 'a.torrent'],
  magnet: ['magnet', 'a.torrent'],
  find: ['find', 'a.torrent', '.'],
  config: ['config', 'show'],
  cache: ['cache', 'stats'],
  doctor: ['doctor'],
  completion: ['completion', 'bash'],
}

/** They ask a port at which nothing listens, or do not find the torrent's data. */
const FAILING = ['makemetafile URL', 'verify', 'find']

const SERVICES: Readonly<Record<string, readonly string[]>> = {
  serve: ['serve', 'entries', '--trackerless', ...PORT],
  'serve --track': [
    ...['serve', 'entries', '--track', `http://127.0.0.1:${await findFreePort()}/announce`],
    ...['--seed', ...PORT],
  ],
  track: ['track', '--open', ...PORT],
  seed: ['seed', '.', '--port', '0'],
  gui: ['gui', '--no-browser', '.'],
}

const INFO = `4:infod6:lengthi1e4:name1:a12:piece lengthi16384e6:pieces20:${'-'.repeat(20)}e`
const FILES = {
  a: 'a',
  'entries/b': 'b',
  key: KEY,
  'a.torrent': `d${INFO}e`,
  'note.cjs': NOTE_ASKED,
}

/** These load all packages that the others load. */
const QUICK = ['makemetafile with shared digests', 'serve --track', 'gui']

for (const [what, args] of Object.entries({ ...COMMANDS, ...SERVICES })) {
  const declare = QUICK.includes(what) ? test : longTest
  declare(`${what} asks for no package that is not installed with it`, async (t) => {
    const directory = makeScratch(t, FILES)
    const asked = join(directory, 'asked')
    chmodSync(join(directory, 'key'), 0o600)
    const env = {
      ASKED: asked,
      NODE_OPTIONS: `--require ${join(directory, 'note.cjs')}`,
      BTKIT_STATE_DIR: join(directory, 'state'),
      XDG_RUNTIME_DIR: directory,
    }
    const child = startExecutable('btkit', args, { cwd: directory, env })
    // It says that it is ready
    if (what in SERVICES) child.stdout.once('data', () => child.kill('SIGTERM'))
    const { status, stderr } = await collect(child)
    assert.equal(status, FAILING.includes(what) ? 1 : 0, stderr)
    const lines = existsSync(asked) ? readFileSync(asked, 'utf8').trim().split('\n') : []
    assert.deepEqual(lines.filter(isNotInstalled), [])
  })
}

const LOCK = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>
}

/** Whether a package was not found, or is there for those who develop only. */
function isNotInstalled(line: string): boolean {
  const path = relative(projectRoot, line.slice(line.indexOf(' ') + 1))
  const [name = 'none'] = /^(?:.*?node_modules\/(?:@[^/]+\/)?[^/]+)+/.exec(path) ?? []
  return LOCK.packages[name] === undefined || LOCK.packages[name].dev === true
}

test('no accelerator and no SQLite are loaded from above the installation', async (t) => {
  const above = makeScratch(t, FILES)
  const directory = join(above, 'btkit')
  installProgram(directory)
  rmSync(join(directory, 'native'))
  const ran = join(above, 'ran')
  const run = `require('node:fs').writeFileSync(${JSON.stringify(ran)}, ''); module.exports = {}`
  const { platform, arch } = process
  const accelerator = `node_modules/@btkit/accelerator-${platform}-${arch}`
  const args = [join(directory, 'bin/btkit.js'), 'makemetafile', 'a', TRACKER, '--force']
  plantFiles(above, {
    [`${accelerator}/package.json`]: '{ "main": "index.js" }',
    [`${accelerator}/index.js`]: run,
    [`node_modules/@photostructure/sqlite/prebuilds/${platform}-${arch}/@photostructure+sqlite.glibc.node`]:
      '',
    'node_modules/node-gyp-build/index.js': run,
  })
  assert.equal((await runProgram(process.execPath, args, { cwd: above })).status, 0)
  assert.equal(existsSync(ran), false)
  // Without packages of its own it has no cache
  rmSync(join(directory, 'node_modules'))
  const { status, stderr } = await runProgram(process.execPath, args, { cwd: above })
  assert.deepEqual([status, existsSync(ran)], [0, false])
  assert.match(stderr, /cache .*: not used/)
})
