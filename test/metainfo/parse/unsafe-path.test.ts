import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findUnsafePaths, warnOfUnsafePaths } from '../../../src/metainfo/parse/unsafe-path.js'
import { WarningList } from '../../../src/metainfo/warning.js'

function find(name: string, ...paths: string[][]) {
  const files = paths.map((path) => ({ path, padding: false }))
  return findUnsafePaths(name, true, files)
}

test('ordinary paths are safe, odd as they may look', () => {
  assert.deepEqual(find('...', ['a', '..b'], ['.hidden'], ['~', 'C:'], ['a b', '\x1b']), [])
})

const UNSAFE: [path: string[], reason: string][] = [
  [['a', ''], 'has an empty component'],
  [['.', 'a'], 'has a "." component'],
  [['a', '..', 'b'], 'has a ".." component'],
  [['a', '/etc'], 'has a slash inside a component'],
  [['a\0b'], 'has a NUL character'],
  [['a', '..\\b'], 'has a backslash, which parts components on Windows'],
]

for (const [path, reason] of UNSAFE) {
  test(`${JSON.stringify(path)} ${reason}`, () => {
    assert.deepEqual(find('dir', ['ok'], path), [{ path: ['dir', ...path], reason }])
  })
}

for (const name of ['', '.', '..', '/etc', 'a/b', 'a\\b', 'a\0']) {
  test(`the name ${JSON.stringify(name)} is unsafe, for a directory and for a file`, () => {
    assert.deepEqual(find(name, ['a'])[0]?.path, [name])
    const files = [{ path: [name], padding: false }]
    assert.equal(findUnsafePaths(name, false, files).length, 1)
  })
}

test('a path that is listed twice is unsafe, also when a slash makes it so', () => {
  assert.deepEqual(find('dir', ['a', 'b'], ['a'], ['a', 'b']), [
    { path: ['dir', 'a', 'b'], reason: 'is listed twice' },
  ])
})

test('pad files may share a path', () => {
  const files = [
    { path: ['.pad', '5'], padding: true },
    { path: ['.pad', '5'], padding: true },
  ]
  assert.deepEqual(findUnsafePaths('dir', true, files), [])
})

test('each unsafe path is warned of, safe to print', () => {
  const warnings = new WarningList()
  warnOfUnsafePaths(find('d', ['..', '\x1b[2J'], ['a\\b']), warnings)
  assert.deepEqual(warnings.toArray(), [
    { code: 'unsafe-path', message: 'path "d/../\\x1b[2J": has a ".." component' },
    {
      code: 'backslash-path',
      message: 'path "d/a\\b": has a backslash, which parts components on Windows',
    },
  ])
})
