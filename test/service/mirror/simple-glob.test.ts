import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileSimpleGlob, isGlob } from '../../../src/service/mirror/simple-glob.js'

const NAMES = [
  ...['', 'a', 'b', 'c', 'd', 'e', '-', ']', '[', '!', '^', '*', '?', '\\', '5', 'ab', 'abc'],
  ...['ba', 'aXbYc', 'a.rpm', 'a-b', '[a', 'a[', '[]', '[!]', 'x]', 'ü', 'é', 'uü', '😀', '😀😀'],
]

const ANY_ONE = NAMES.filter((name) => Array.from(name).length === 1)
const without = (...left: string[]) => ANY_ONE.filter((name) => !left.includes(name))

/**
 * Which names a pattern matches, as Python 3.11 says:
 * `python3 -c 'import fnmatch; print([n for n in NAMES if fnmatch.fnmatchcase(n, PATTERN)])'`
 */
const MATCHES: readonly (readonly [pattern: string, names: readonly string[]])[] = [
  ['', ['']],
  ['*', NAMES],
  ['**', NAMES],
  ['?', ANY_ONE],
  ['??', ['ab', 'ba', '[a', 'a[', '[]', 'x]', 'uü', '😀😀']],
  ['a', ['a']],
  ['A', []],
  ['a*', ['a', 'ab', 'abc', 'aXbYc', 'a.rpm', 'a-b', 'a[']],
  ['*a', ['a', 'ba', '[a']],
  ['*b*', ['b', 'ab', 'abc', 'ba', 'aXbYc', 'a-b']],
  ['a*b*c', ['abc', 'aXbYc']],
  ['a?c', ['abc']],
  ['*.rpm', ['a.rpm']],
  ['?*', NAMES.slice(1)],
  ['***?', NAMES.slice(1)],
  ['[abc]', ['a', 'b', 'c']],
  ['[a-c]', ['a', 'b', 'c']],
  ['[!a-c]', without('a', 'b', 'c')],
  ['[^a]', ['a', '^']],
  ['[a-]', ['a', '-']],
  ['[-a]', ['a', '-']],
  ['[]]', [']']],
  ['[]-a]', ['a', ']', '^']],
  ['[!]]', without(']')],
  ['[!]a]', without(']', 'a')],
  ['[', ['[']],
  ['[]', ['[]']],
  ['[!]', ['[!]']],
  ['[a', ['[a']],
  ['a[', ['a[']],
  ['a*[', ['a[']],
  ['[[]', ['[']],
  ['[*]', ['*']],
  ['[?]', ['?']],
  ['[[!]', ['[', '!']],
  ['[z-a]', []],
  ['[!z-a]', ANY_ONE],
  ['[a-c-e]', ['a', 'b', 'c', 'e', '-']],
  ['[a-be]', ['a', 'b', 'e']],
  ['[--5]', ['-', '5']],
  ['[!-a]', without('-', 'a')],
  ['[\\\\]', ['\\']],
  ['\\*', ['\\']],
  ['[a]*[c]', ['abc', 'aXbYc']],
  ['*]', [']', '[]', '[!]', 'x]']],
  ['[à-ü]', ['ü', 'é']],
  ['?ü', ['uü']],
  ['[😀]', ['😀']],
  ['[😀-😂]?', ['😀😀']],
]

for (const [pattern, names] of MATCHES) {
  test(`'${pattern}' matches what it does for fnmatch`, () => {
    const glob = compileSimpleGlob(pattern)
    assert.deepEqual(NAMES.filter(glob.matches), names)
  })
}

test('a leading dot is matched by a dot alone', () => {
  for (const pattern of ['*', '?a', '[.]a', '[!x]a', '*a']) {
    assert.equal(compileSimpleGlob(pattern).matches('.a'), false, pattern)
  }
  for (const pattern of ['.*', '.?', '.[a]', '.a']) {
    assert.equal(compileSimpleGlob(pattern).matches('.a'), true, pattern)
  }
})

test('patterns that take others an age are done at once', { timeout: 10_000 }, () => {
  const name = 'a'.repeat(255)
  for (const part of ['a*', '*a', '?*', '[a]*', '*a*?']) {
    assert.equal(compileSimpleGlob(`${part.repeat(60)}b`).matches(name), false, part)
  }
  assert.equal(compileSimpleGlob(`${'*'.repeat(4000)}b`).matches(name), false)
})

test('only *, ? and [ make a pattern', () => {
  for (const text of ['*', 'a?', '[', 'x[a]']) assert.ok(isGlob(text), text)
  for (const text of ['', 'a', ']', '{a,b}', '!', '.']) assert.ok(!isGlob(text), text)
})
