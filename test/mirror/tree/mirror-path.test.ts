import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatMirrorPath, parseMirrorPath } from '../../../src/mirror/tree/mirror-path.js'
import { refused } from '../refused.js'

test('a path is its components', () => {
  assert.deepEqual(parseMirrorPath('/yum/7/a.rpm'), ['yum', '7', 'a.rpm'])
  assert.deepEqual(parseMirrorPath('/a.rpm'), ['a.rpm'])
})

test('double slashes are accepted', () => {
  assert.deepEqual(parseMirrorPath('//yum///a.rpm'), ['yum', 'a.rpm'])
})

test('names that only look dangerous are accepted', () => {
  const names = ['...', '..a', 'a..', '.a', ' ', '%2e%2e', '~', '-', '*']
  for (const name of names) assert.deepEqual(parseMirrorPath(`/yum/${name}`), ['yum', name])
})

test('a path with `..`, or an unusual one, is refused', () => {
  for (const path of [
    '/..',
    '/../etc/passwd',
    '/a/../b',
    '/.',
    '/a/./b',
    '/a\\b',
    '/a\0b',
    '/..//',
  ]) {
    assert.throws(() => parseMirrorPath(path), refused('usage', /not a plain path/), path)
  }
})

test('a path begins with a slash', () => {
  for (const path of ['', 'a', 'http://host/a', './a']) {
    assert.throws(() => parseMirrorPath(path), refused('usage', /must begin with \//), path)
  }
})

test('a path with a slash at its end is not a file', () => {
  for (const path of ['/', '//', '/yum/']) {
    assert.throws(() => parseMirrorPath(path), refused('not-found', /not found/), path)
  }
})

test('a path longer than any system allows is refused, in a message of bounded length', () => {
  const longest = `/${'a'.repeat(4095)}`
  assert.equal(parseMirrorPath(longest).length, 1)
  assert.throws(
    () => parseMirrorPath(`${longest}a`),
    (error: Error) => {
      assert.ok(error.message.length < 300)
      return refused('usage', /too long/)(error)
    },
  )
})

test('paths in messages are safe to print', () => {
  assert.equal(formatMirrorPath(['yum', 'ü b.rpm']), '/yum/ü b.rpm')
  assert.equal(formatMirrorPath(['a\n\u001b[31mb']), '/a\\n\\x1b[31mb')
  assert.throws(() => parseMirrorPath('/../a\nb'), refused('usage', /^[^\n]*$/))
})
