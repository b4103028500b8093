import { requestHttp } from '../../../src/core/remote/http-request.js'
import assert from 'node:assert/strict'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  type DirectorySources,
  cacheDirectory,
  makeDirectory,
  stateDirectory,
} from '../../../src/base/directories.js'
import { describeFailure } from '../../../src/base/text/network-failure.js'
import {
  count,
  formatBytes,
  formatDuration,
  counted,
  formatAge,
  formatNumber,
} from '../../../src/base/text/quantity.js'
import { unlessWindows } from '../../disk/failure.js'
import { makeScratch } from '../../support/scratch.js'

for (const [bytes, text] of [
  [0, '0 B'],
  [506.108, '506 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [262_144, '256 KiB'],
  [102_399, '100.0 KiB'],
  [1_048_575, '1.0 MiB'],
  [1_048_576, '1 MiB'],
  [150.4 * 2 ** 20, '150 MiB'],
  [2 ** 40, '1 TiB'],
  [2 ** 53, '8 PiB'],
  [2 ** 71, '2048 EiB'],
] as const) {
  test(`${bytes} bytes are ${text}`, () => {
    assert.equal(formatBytes(bytes), text)
  })
}

test('bytes in a column have a digit behind the point below 100', () => {
  const shown = [512, 2048, 2150, 102_400].map((bytes) => formatBytes(bytes, 1))
  assert.deepEqual(shown, ['512 B', '2.0 KiB', '2.1 KiB', '100 KiB'])
})

for (const [seconds, text] of [
  [0, '0:00'],
  [0.2, '0:01'],
  [7, '0:07'],
  [59.5, '1:00'],
  [754, '12:34'],
  [3723, '1:02:03'],
  [360_000, '100:00:00'],
] as const) {
  test(`${seconds} seconds are ${text}`, () => {
    assert.equal(formatDuration(seconds), text)
  })
}

test('one file, two files, no files', () => {
  assert.deepEqual(
    [count(1, 'file'), count(2, 'file'), count(0, 'file'), count(1, 'entry', 'entries')],
    ['1 file', '2 files', '0 files', '1 entry'],
  )
})

async function failureOf(url: string): Promise<unknown> {
  const { signal } = new AbortController()
  return requestHttp(url, { signal }).then(
    () => assert.fail('answered'),
    (error: unknown) => error,
  )
}

test('a fetch that fails is told of in words', async () => {
  assert.equal(
    describeFailure(await failureOf('http://127.0.0.1:2/'), 1000),
    'nothing listens there',
  )
  const unknown = describeFailure(await failureOf('http://no-such-host.invalid/'), 1000)
  assert.match(unknown, /^(there is no such host|the host name cannot be looked up now)/)
})

test('a time-out says how long it was', () => {
  const error = new DOMException('late', 'TimeoutError')
  assert.equal(describeFailure(error, 60_000), 'no answer within 60 seconds')
})

test('what has no words of its own is told as it is', () => {
  assert.equal(describeFailure(new Error('odd'), 1000), 'odd')
})

const ALL = {
  BTKIT_CACHE_DIR: '/env',
  CACHE_DIRECTORY: '/systemd',
  XDG_CACHE_HOME: '/xdg',
  HOME: '/home/me',
}

/** Settings, and the cache directory that follows from them. */
const RULES: readonly (readonly [place: Partial<DirectorySources>, directory: string])[] = [
  [{ option: '/option', env: ALL, isRoot: true }, '/option'],
  [{ env: ALL, isRoot: true }, '/env'],
  [{ env: { ...ALL, BTKIT_CACHE_DIR: '' } }, '/systemd'],
  [{ env: { ...ALL, BTKIT_CACHE_DIR: undefined }, isRoot: true }, '/systemd'],
  [{ env: { CACHE_DIRECTORY: '/one:/two' } }, '/one'],
  [{ env: { XDG_CACHE_HOME: '/xdg', HOME: '/root' }, isRoot: true }, '/var/cache/btkit'],
  [{ env: { XDG_CACHE_HOME: '/xdg', HOME: '/home/me' } }, '/xdg/btkit'],
  [{ env: { XDG_CACHE_HOME: '', HOME: '/home/me' } }, '/home/me/.cache/btkit'],
]

for (const [place, directory] of RULES) {
  test(`with ${JSON.stringify(place)} the cache is in ${directory}`, () => {
    assert.equal(cacheDirectory({ option: undefined, env: {}, isRoot: false, ...place }), directory)
  })
}

test('without a HOME the system knows that of the user', () => {
  assert.match(cacheDirectory({ option: undefined, env: {}, isRoot: false }) ?? '', /btkit$/)
})

test(
  'a directory is made with those above it, and one that is there is left',
  unlessWindows,
  (t) => {
    const path = join(makeScratch(t), 'a/b/c')
    makeDirectory(`${path}/`, 0o700)
    assert.equal(statSync(path).mode & 0o777, 0o700)
    makeDirectory(path, 0o755)
    assert.equal(statSync(path).mode & 0o777, 0o700)
  },
)

test('a directory that can not be made below or in the place of a file is an error of the system', (t) => {
  const path = join(makeScratch(t), 'file')
  writeFileSync(path, '')
  for (const below of ['', 'a', 'a/b']) {
    const make = () => {
      makeDirectory(join(path, below), 0o700)
    }
    assert.throws(make, { code: 'ENOTDIR' })
  }
})

const HOME = '/home/me'

/** Settings, and the state directory that follows from them. */
const PLACES: readonly (readonly [
  what: string,
  sources: Partial<DirectorySources>,
  place: string,
])[] = [
  ['an option', { option: '/o', env: { BTKIT_STATE_DIR: '/b' } }, '/o'],
  ['BTKIT_STATE_DIR', { env: { BTKIT_STATE_DIR: '/b', STATE_DIRECTORY: '/s' } }, '/b'],
  ['STATE_DIRECTORY of systemd', { env: { STATE_DIRECTORY: '/s' }, isRoot: true }, '/s'],
  ['several STATE_DIRECTORYs', { env: { STATE_DIRECTORY: '/s:/t' } }, '/s'],
  ['nothing, for root', { env: { HOME }, isRoot: true }, '/var/lib/btkit'],
  ['XDG_STATE_HOME', { env: { HOME, XDG_STATE_HOME: '/x' } }, '/x/btkit'],
  ['nothing but HOME', { env: { HOME } }, '/home/me/.local/state/btkit'],
  ['an empty variable', { env: { HOME, BTKIT_STATE_DIR: '' } }, '/home/me/.local/state/btkit'],
]

for (const [what, sources, place] of PLACES) {
  test(`with ${what}, state is in ${place}`, () => {
    assert.equal(stateDirectory({ option: undefined, env: {}, isRoot: false, ...sources }), place)
  })
}

test('large numbers of pages have separators', () => {
  assert.deepEqual([0, 999, 1000, 1_234_567].map(formatNumber), ['0', '999', '1,000', '1,234,567'])
  assert.deepEqual([counted(1, 'file'), counted(12_345, 'file')], ['1 file', '12,345 files'])
  assert.equal(counted(12_345, 'entry', 'entries'), '12,345 entries')
})

test('an age is the largest unit that it fills', () => {
  const ages = [59, 60, 3599, 7200, 86_400, 200_000, 2_592_000, 70_000_000].map(formatAge)
  assert.deepEqual(ages, [null, '1 min', '59 min', '2 h', '1 day', '2 days', '1 month', '2 years'])
})
