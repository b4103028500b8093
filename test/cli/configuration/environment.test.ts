import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitLine } from '../../../src/cli/line/split-line.js'
import { Problems } from '../../../src/cli/options/given.js'
import { CommandLayers } from '../../../src/cli/configuration/decide.js'
import type { Decided } from '../../../src/cli/configuration/parse.js'
import { declareServeOptions } from '../../../src/cli/commands/serve/options.js'
import type { Io } from '../../../src/cli/io.js'
import { BtkitError } from '../../../src/base/errors.js'

/** The options of the environment for `btkit serve`, and the arguments as they were. */
async function withEnvironment(
  env: Record<string, string | undefined>,
  ...args: string[]
): Promise<string[]> {
  const command = declareServeOptions()
  const line = splitLine(command, args)
  const problems = new Problems()
  const target = { section: 'serve', command, isLegacy: false }
  const io = {
    ...{ env, cwd: '/', isRoot: false },
    // It opens a terminal, which takes as long as all options
    get askSecret(): never {
      throw new Error('no option needs it')
    },
  } as unknown as Io
  const layers = await CommandLayers.read(target, { config: '/dev/null', problems }, io)
  const { decided } = layers.decide({ line, problems })
  problems.throwFirst()
  const others = decided.filter(({ isTyped }) => !isTyped)
  return [...others.flatMap(optionsOf), ...args]
}

function optionsOf({ entry, values }: Decided): string[] {
  return values.map((each) => {
    if (typeof each === 'boolean') return (each ? entry.on : entry.off)?.long ?? ''
    return `${entry.on?.long ?? ''}=${each}`
  })
}

async function checkRefused(env: Record<string, string>, told: RegExp): Promise<void> {
  await assert.rejects(withEnvironment(env, '/srv'), (error: unknown) => {
    assert.ok(error instanceof BtkitError)
    assert.equal(error.code, 'usage')
    assert.match(error.message, told)
    return true
  })
}

test('a variable sets the option of its name, underscores for hyphens', async () => {
  const env = { BTKIT_SERVE_PORT: '80', BTKIT_SERVE_PUBLIC_URL: 'https://m.example/' }
  const options = ['--port=80', '--public-url=https://m.example/']
  assert.deepEqual(await withEnvironment(env, '/srv'), [...options, '/srv'])
})

test('an option on the command line overrides the variable', async () => {
  const env = { BTKIT_SERVE_PORT: '80' }
  for (const args of [['--port', '81'], ['--port=81'], ['-p', '81'], ['-p81']]) {
    assert.deepEqual(await withEnvironment(env, ...args), args)
  }
})

test('an option for trackers overrides all variables for trackers', async () => {
  const env = { BTKIT_SERVE_TRACKER: 'http://t.example/a', BTKIT_SERVE_PORT: '80' }
  for (const args of [['--trackers', 'file'], ['--trackerless'], ['--tracker=http://u.example/']]) {
    assert.deepEqual(await withEnvironment(env, ...args), ['--port=80', ...args])
  }
})

test('values of repeatable options are split at spaces', async () => {
  const env = { BTKIT_SERVE_TRACKER: '  http://a.example/a\t http://b.example/b\n' }
  assert.deepEqual(await withEnvironment(env), [
    '--tracker=http://a.example/a',
    '--tracker=http://b.example/b',
  ])
})

test('other values keep their spaces', async () => {
  const env = { BTKIT_SERVE_TRACKERS: '/etc/my trackers' }
  assert.deepEqual(await withEnvironment(env), ['--trackers=/etc/my trackers'])
})

test('a value that looks like an option stays a value', async () => {
  assert.deepEqual(await withEnvironment({ BTKIT_SERVE_TRACKERS: '--hidden' }), [
    '--trackers=--hidden',
  ])
})

test('a switch is 1 or 0', async () => {
  assert.deepEqual(await withEnvironment({ BTKIT_SERVE_HIDDEN: '1' }), ['--hidden'])
  assert.deepEqual(await withEnvironment({ BTKIT_SERVE_HIDDEN: '0' }), [])
  assert.deepEqual(await withEnvironment({ BTKIT_SERVE_NO_FILES: '1' }), ['--no-files'])
  for (const value of ['yes', 'true', '2', '01', ' 1']) {
    await checkRefused({ BTKIT_SERVE_HIDDEN: value }, /^BTKIT_SERVE_HIDDEN .*not 1 or 0/)
  }
})

test('an unknown variable is an error that names it', async () => {
  await checkRefused({ BTKIT_SERVE_PROT: '80' }, /^BTKIT_SERVE_PROT: /)
  await checkRefused({ BTKIT_SERVE_: '80' }, /^BTKIT_SERVE_: /)
})

test('an empty or blank variable is ignored', async () => {
  const env = { BTKIT_SERVE_PORT: '', BTKIT_SERVE_HIDDEN: '', BTKIT_SERVE_TRACKER: undefined }
  assert.deepEqual(await withEnvironment(env, '/srv'), ['/srv'])
  assert.deepEqual(await withEnvironment({ BTKIT_SERVE_HOST: ' ' }, '/srv'), ['/srv'])
})

test('variables of other programs are ignored', async () => {
  const env = { BTKIT_CACHE_DIR: '/c', BTKIT_SERVER: 'x', PORT: '1', btkit_serve_port: '1' }
  assert.deepEqual(await withEnvironment(env, '/srv'), ['/srv'])
})

test('arguments after -- are not options', async () => {
  const env = { BTKIT_SERVE_PORT: '80' }
  assert.deepEqual(await withEnvironment(env, '--', '--port'), ['--port=80', '--', '--port'])
})

test('a wrong value of a variable is shown as it is, unless it is a secret', async () => {
  const seed = 'udp://h.example/iso/x'
  await checkRefused({ BTKIT_SERVE_WEB_SEED: seed }, new RegExp(`web seed '${seed}'`))
  await checkRefused({ BTKIT_SERVE_TRACKER: 'http://t.example:x/passkey' }, /^((?!passkey).)*$/)
})
