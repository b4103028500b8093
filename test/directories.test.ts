import assert from 'node:assert/strict'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { unlessWindows } from './files/failure.js'
import { makeScratch } from './support/scratch.js'
import {
  cacheDirectory,
  makeDirectory,
  stateDirectory,
  type DirectorySources,
} from '../src/directories.js'

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

test('a directory that can not be made is the error of the system', (t) => {
  const path = join(makeScratch(t), 'file')
  writeFileSync(path, '')
  for (const [below, code] of [
    ['', 'EEXIST'],
    ['a', 'ENOTDIR'],
    ['a/b', 'ENOTDIR'],
  ] as const) {
    const make = () => {
      makeDirectory(join(path, below), 0o700)
    }
    assert.throws(make, { code })
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
