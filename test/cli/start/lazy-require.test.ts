import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import type net from 'node:net'
import { test } from 'node:test'
import { makeLazy } from '../../../src/cli/start/lazy-require.js'

function observe() {
  const loaded: string[] = []
  const real = createRequire(import.meta.url)
  const require = Object.assign((id: string) => {
    loaded.push(id)
    return real(id) as unknown
  }, real)
  return { lazy: makeLazy(require), loaded }
}

test('a slow module of Node is loaded at its first use, not before', () => {
  const { lazy, loaded } = observe()
  const lazyNet = lazy('node:net') as typeof net
  assert.deepEqual(loaded, [])
  assert.equal(lazyNet.isIP('127.0.0.1'), 4)
  assert.deepEqual(loaded, ['node:net'])
})

test('a slow module is loaded once', () => {
  const { lazy, loaded } = observe()
  const lazyNet = lazy('node:net') as typeof net
  assert.equal(lazyNet.isIP('127.0.0.1') + lazyNet.isIP('::1'), 10)
  assert.deepEqual(loaded, ['node:net'])
})

test('a slow module shows all names that it has', () => {
  const { lazy } = observe()
  assert.ok(Object.getOwnPropertyNames(lazy('node:crypto')).includes('createHash'))
})

test('any other module is loaded at once', () => {
  const { lazy, loaded } = observe()
  lazy('node:path')
  assert.deepEqual(loaded, ['node:path'])
})
