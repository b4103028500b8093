import assert from 'node:assert/strict'
import { test } from 'node:test'
import { environmentLevel } from '../../../src/cli/configuration/environment.js'
import { strongest } from '../../../src/cli/configuration/levels.js'
import { givenOptions } from '../../../src/cli/options/given.js'
import { optionEntries } from '../../../src/cli/options/table.js'
import { declareServeOptions } from '../../../src/cli/commands/serve/options.js'
import { BtkitError } from '../../../src/errors.js'

/** The arguments of `btkit serve` with those of the environment. */
function withEnvironment(env: Record<string, string | undefined>, ...args: string[]): string[] {
  const command = declareServeOptions()
  const entries = optionEntries(command)
  const given = givenOptions(args, command)
  const level = environmentLevel('serve', entries, env)
  const settings = strongest([level], given.attributes, entries)
  return [
    ...settings.flatMap((setting) => setting.args),
    ...given.parts.flatMap((part) => part.args),
  ]
}

function checkRefused(env: Record<string, string>, told: RegExp): void {
  assert.throws(
    () => withEnvironment(env, '/srv'),
    (error: unknown) => {
      assert.ok(error instanceof BtkitError)
      assert.equal(error.code, 'usage')
      assert.match(error.message, told)
      return true
    },
  )
}

test('a variable sets the option of its name', () => {
  assert.deepEqual(withEnvironment({ BTKIT_SERVE_PORT: '80' }, '/srv'), ['--port=80', '/srv'])
})

test('a variable with underscores sets the option with hyphens', () => {
  const env = { BTKIT_SERVE_PUBLIC_URL: 'https://m.example/' }
  assert.deepEqual(withEnvironment(env), ['--public-url=https://m.example/'])
})

test('an option on the command line overrides the variable', () => {
  const env = { BTKIT_SERVE_PORT: '80' }
  for (const args of [['--port', '81'], ['--port=81'], ['-p', '81'], ['-p81']]) {
    assert.deepEqual(withEnvironment(env, ...args), args)
  }
})

test('a repeatable option on the command line replaces the variable, too', () => {
  const env = { BTKIT_SERVE_HOST: '10.0.0.1 10.0.0.2' }
  assert.deepEqual(withEnvironment(env, '--host', '::1'), ['--host', '::1'])
})

test('an option for trackers overrides all variables for trackers', () => {
  const env = { BTKIT_SERVE_TRACKER: 'http://t.example/a', BTKIT_SERVE_PORT: '80' }
  for (const args of [['--trackers', 'file'], ['--trackerless'], ['--tracker=http://u.example/']]) {
    assert.deepEqual(withEnvironment(env, ...args), ['--port=80', ...args])
  }
})

test('values of repeatable options are split at spaces', () => {
  const env = { BTKIT_SERVE_TRACKER: '  http://a.example/a\t http://b.example/b\n' }
  assert.deepEqual(withEnvironment(env), [
    '--tracker=http://a.example/a',
    '--tracker=http://b.example/b',
  ])
})

test('other values keep their spaces', () => {
  const env = { BTKIT_SERVE_TRACKERS: '/etc/my trackers' }
  assert.deepEqual(withEnvironment(env), ['--trackers=/etc/my trackers'])
})

test('a value that looks like an option stays a value', () => {
  assert.deepEqual(withEnvironment({ BTKIT_SERVE_TRACKERS: '--hidden' }), ['--trackers=--hidden'])
})

test('a switch is 1 or 0', () => {
  assert.deepEqual(withEnvironment({ BTKIT_SERVE_HIDDEN: '1' }), ['--hidden'])
  assert.deepEqual(withEnvironment({ BTKIT_SERVE_HIDDEN: '0' }), [])
  assert.deepEqual(withEnvironment({ BTKIT_SERVE_NO_FILES: '1' }), ['--no-files'])
  for (const value of ['yes', 'true', '2', '01', ' 1']) {
    checkRefused({ BTKIT_SERVE_HIDDEN: value }, /^BTKIT_SERVE_HIDDEN .*not 1 or 0/)
  }
})

test('an unknown variable is an error that names it', () => {
  checkRefused({ BTKIT_SERVE_PROT: '80' }, /^BTKIT_SERVE_PROT: /)
  checkRefused({ BTKIT_SERVE_: '80' }, /^BTKIT_SERVE_: /)
})

test('an empty or blank variable is ignored', () => {
  const env = { BTKIT_SERVE_PORT: '', BTKIT_SERVE_HIDDEN: '', BTKIT_SERVE_TRACKER: undefined }
  assert.deepEqual(withEnvironment(env, '/srv'), ['/srv'])
  assert.deepEqual(withEnvironment({ BTKIT_SERVE_HOST: ' ' }, '/srv'), ['/srv'])
})

test('variables of other programs are ignored', () => {
  const env = { BTKIT_CACHE_DIR: '/c', BTKIT_SERVER: 'x', PORT: '1', btkit_serve_port: '1' }
  assert.deepEqual(withEnvironment(env, '/srv'), ['/srv'])
})

test('arguments after -- are not options', () => {
  const env = { BTKIT_SERVE_PORT: '80' }
  assert.deepEqual(withEnvironment(env, '--', '--port'), ['--port=80', '--', '--port'])
})
