// In a process of its own: V8 refuses compiled code in a process whose flags were changed
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Script } from 'node:vm'
import { installProgram } from '../support/installation.js'
import { runProgram } from '../support/programs.js'
import { longTest } from '../support/long.js'
import { makeScratch } from '../support/scratch.js'
import { until } from '../support/until.js'
import { giveAway, makeOpenScratch, unlessTwoUsers, unprivileged } from '../support/unprivileged.js'
import { assertQuiet, assertStatus } from '../support/run-btkit.js'

// Needs the built program: it is copied

/** Bytes of the stamp that a bundle ends with, and of the digest that compiled code begins with. */
const STAMP = 40
const HEADER = 20

interface Installation {
  readonly directory: string
  readonly program: string
  /** The files with its compiled code for three commands. */
  readonly codes: readonly string[]
}

function install(t: TestContext, name = 'btkit'): Installation {
  const entries = { [`${name}/entries/a`]: 'a' }
  const directory = join(makeScratch(t, { [`${name}/image.iso`]: '1', ...entries }), name)
  installProgram(directory)
  const program = join(directory, 'dist/bundle/files.cjs')
  const codes = ['makemetafile', 'completedir', 'showmetainfo']
  return { directory, program, codes: codes.map((name) => join(program, `../${name}.cache`)) }
}

/** Prints whether V8 refuses compiled code: of a program, in a file, behind so many bytes. */
const IS_REFUSED = `
  const [program, code, header] = process.argv.slice(1)
  const { readFileSync } = require('node:fs')
  const cachedData = readFileSync(code).subarray(Number(header))
  const { Script } = require('node:vm')
  console.log(new Script(readFileSync(program, 'utf8'), { cachedData }).cachedDataRejected)`

/** Asserts that V8 takes the compiled code in these files. */
async function assertKept({ program }: Installation, codes: readonly string[]): Promise<void> {
  for (const code of codes) {
    const args = ['--eval', IS_REFUSED, program, code, `${HEADER}`]
    const { stdout, stderr } = await runProgram(process.execPath, args)
    assert.deepEqual([stdout, stderr], ['false\n', ''], code)
  }
}

function removeCode({ codes }: Installation): void {
  for (const code of codes) rmSync(code)
}

/** Returns the output of showmetainfo; fails if it, makemetafile or completedir fails. */
async function makeAndShow({ directory }: Installation): Promise<string> {
  const env = { BTKIT_STATE_DIR: 'state', BTKIT_CACHE_DIR: 'cache' }
  const run = (...args: string[]) =>
    runProgram(process.execPath, [join(directory, 'bin/btkit.js'), ...args], {
      cwd: directory,
      env,
    })
  const made = await run(
    'makemetafile',
    'image.iso',
    'http://t.example/announce',
    '-l',
    '18',
    '--force',
  )
  assert.deepEqual([made.status, made.stderr], [0, ''])
  assertQuiet(await run('completedir', 'http://t.example/announce', 'entries', '--force'))
  assert.ok(existsSync(join(directory, 'entries/a.torrent')))
  const shown = assertQuiet(await run('showmetainfo', 'image.iso.torrent'))
  return shown.stdout
}

longTest(
  'compiled code is the same wherever it was made, as for two builds of the archive',
  async (t) => {
    const build = async (name: string) => {
      const { program, codes } = install(t, name)
      for (const code of codes) rmSync(code, { force: true })
      const flags = ['--random-seed=1', '--predictable', join(program, '../warm-up.cjs')]
      assert.equal((await runProgram(process.execPath, flags)).status, 0)
      return Buffer.concat(codes.map((code) => readFileSync(code)))
    }
    // On a busy machine a timer may have functions compiled that another build does not need
    await until('both are the same', async () => {
      return (await build('here')).equals(await build('elsewhere'))
    })
  },
)

/** The info hash that mktorrent -l 18 gives a file of one byte, '1'. */
const SHOWN = /0dbd103c485370937ef2c68743915b267d47492c/

test('an installation keeps compiled code that its Node takes', async (t) => {
  const installation = install(t)
  removeCode(installation)
  const warmUp = join(installation.directory, 'dist/bundle/warm-up.cjs')
  assert.equal((await runProgram(process.execPath, [warmUp])).status, 0)
  await assertKept(installation, installation.codes)
  const yaml = join(installation.program, '../yaml.cjs')
  await assertKept({ ...installation, program: yaml }, [yaml.replace('.cjs', '.cache')])
  assert.match(await makeAndShow(installation), SHOWN)
})

longTest('keeping compiled code leaves the cache and the state of the user alone', async (t) => {
  const { directory } = install(t)
  const env = { BTKIT_CACHE_DIR: join(directory, 'c'), BTKIT_STATE_DIR: join(directory, 's') }
  const warmUp = join(directory, 'dist/bundle/warm-up.cjs')
  assert.equal((await runProgram(process.execPath, [warmUp], { env })).status, 0)
  assert.deepEqual(
    [existsSync(env.BTKIT_CACHE_DIR), existsSync(env.BTKIT_STATE_DIR)],
    [false, false],
  )
})

longTest('a program whose path is no address as it stands does its work', async (t) => {
  assert.match(await makeAndShow(install(t, 'a #1?%20b é')), SHOWN)
})

test('with damaged compiled code the program does its work', async (t) => {
  const installation = install(t)
  for (const code of installation.codes) {
    const bytes = readFileSync(code)
    writeFileSync(code, bytes.fill(0xff, bytes.length / 2, bytes.length / 2 + 4096))
  }
  assert.match(await makeAndShow(installation), SHOWN)
})

longTest('with the compiled code of another Node the program does its work', async (t) => {
  const installation = install(t)
  const stamp = readFileSync(installation.program).subarray(-STAMP)
  for (const path of installation.codes) {
    const code = readFileSync(path).subarray(HEADER)
    // V8 keeps what names its version in the second word
    code.writeUInt32LE(~code.readUInt32LE(4) >>> 0, 4)
    const digest = createHash('sha1').update(stamp).update(code).digest()
    writeFileSync(path, Buffer.concat([digest, code]))
  }
  assert.match(await makeAndShow(installation), SHOWN)
})

longTest('an error of the program says where in the bundle it arose', async (t) => {
  const { directory } = install(t)
  const args = [join(directory, 'bin/btkit.js'), 'showmetainfo', 'missing.torrent']
  const options = { cwd: directory, env: { BTKIT_DEBUG: '1' } }
  const { stderr } = assertStatus(await runProgram(process.execPath, args, options), 1)
  assert.match(stderr, /dist\/bundle\/files\.cjs:\d+:\d+/)
})

longTest('the first run of one who installed the program keeps its compiled code', async (t) => {
  const installation = install(t)
  removeCode(installation)
  assert.match(await makeAndShow(installation), SHOWN)
  await assertKept(installation, installation.codes)
})

/** Compiled code that V8 takes for a program of this length, and that prints `planted`. */
function plantedCode(program: Buffer): Buffer {
  const text = "(function () { process.stdout.write('planted'); process.exit() })"
  const script = new Script(text.padEnd(program.length))
  script.runInThisContext()
  const code = script.createCachedData()
  const sha1 = (bytes: Buffer) => createHash('sha1').update(bytes).digest()
  const of = [program.subarray(-STAMP), sha1(code), Buffer.from(process.arch)]
  return Buffer.concat([sha1(Buffer.concat(of)), code])
}

test(
  "another's program runs no code of others, and keeps none elsewhere",
  unlessTwoUsers,
  async (t) => {
    const { directory, program, codes } = install(t)
    const bundle = dirname(program)
    const cache = makeOpenScratch(t, { planted: plantedCode(readFileSync(program)) })
    const args = [join(directory, 'bin/btkit.js'), 'showmetainfo', '--help']
    const run = () => {
      const options = { ...unprivileged, env: { BTKIT_CACHE_DIR: cache } }
      return runProgram(process.execPath, args, options)
    }
    chmodSync(dirname(directory), 0o755)
    // Permissions do not stop it
    chmodSync(bundle, 0o777)
    const [, , code = ''] = codes
    const planted = join(cache, 'planted')
    rmSync(code)
    const names = readdirSync(bundle)
    assert.match((await run()).stdout, /^Usage: btkit showmetainfo/)
    assert.deepEqual([readdirSync(bundle), readdirSync(cache)], [names, ['planted']])
    // In the cache, where it was once kept, and beside the program, of which it has another owner
    for (const place of [join(cache, `code-${unprivileged.uid}-showmetainfo`), code]) {
      cpSync(planted, place)
      giveAway(place)
      assert.match((await run()).stdout, /^Usage: btkit showmetainfo/)
      rmSync(place)
      // A file that the owner has downloaded
      for (const link of [symlinkSync, linkSync]) {
        link(planted, place)
        assert.match((await run()).stdout, /^Usage: btkit showmetainfo/)
        rmSync(place)
      }
    }
    cpSync(planted, code)
    assert.equal((await run()).stdout, 'planted', 'the code is one that V8 takes')
  },
)
