import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { cacheDirectory, runtimeDirectory, stateDirectory } from '../../src/base/directories.js'

test('relative directories of the XDG variables are ignored, as its specification demands', () => {
  const relative = { XDG_CACHE_HOME: 'c', XDG_STATE_HOME: './s', XDG_RUNTIME_DIR: 'r' }
  const sources = { option: undefined, env: { HOME: '/home/u', ...relative }, isRoot: false }
  assert.equal(cacheDirectory(sources), join('/home/u', '.cache/btkit'))
  assert.equal(stateDirectory(sources), join('/home/u', '.local/state/btkit'))
  assert.equal(runtimeDirectory(sources), null)
})

test('a home directory that no shell has named is no directory called ~', () => {
  const env = { BTKIT_STATE_DIR: '~/s', CACHE_DIRECTORY: '~' }
  for (const choose of [stateDirectory, cacheDirectory]) {
    const start = () => choose({ option: undefined, env, isRoot: true })
    assert.throws(start, { code: 'usage', message: /no shell puts your home directory/ })
  }
})
