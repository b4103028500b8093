import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cacheDirectory, type CacheDirectorySources } from '../../src/cache/directory.js'

const ALL = {
  BTKIT_CACHE_DIR: '/env',
  CACHE_DIRECTORY: '/systemd',
  XDG_CACHE_HOME: '/xdg',
  HOME: '/home/me',
}

/** What is set, and where the cache is then. */
const RULES: readonly (readonly [place: Partial<CacheDirectorySources>, directory: string])[] = [
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
  assert.match(cacheDirectory({ option: undefined, env: {}, isRoot: false }), /btkit$/)
})
