import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BtkitError } from '../../../src/base/errors.js'
import { compileNameFilter } from '../../../src/disk/scan/glob.js'

/** Returns the paths that the pattern matches. */
function matches(pattern: string, paths: string[]): string[] {
  const { excludes } = compileNameFilter([], [pattern])
  return paths.filter(excludes)
}

test('a pattern without a slash matches a name at any depth', () => {
  const paths = ['a.iso', 'x/a.iso', 'x/y/a.iso', 'a.iso.txt', 'a.iso/b']
  assert.deepEqual(matches('*.iso', paths), ['a.iso', 'x/a.iso', 'x/y/a.iso'])
})

test('a pattern with a slash matches the path from the root, a leading slash or dot or not', () => {
  const paths = ['x/a', 'y/x/a', 'x/b/a', 'a']
  for (const pattern of ['x/a', '/x/a', './x/a']) {
    assert.deepEqual(matches(pattern, paths), ['x/a'], pattern)
  }
  assert.deepEqual(matches('/a', paths), ['a'])
  assert.deepEqual(matches('**/x/a', paths), ['x/a', 'y/x/a'])
  assert.deepEqual(matches('x/**/a', paths), ['x/a', 'x/b/a'])
})

test('docs, docs/ and docs/** match the directory, and the last two no file of that name', () => {
  assert.deepEqual(matches('docs', ['docs', 'docs/', 'x/docs/']), ['docs', 'docs/', 'x/docs/'])
  assert.deepEqual(matches('docs/', ['docs', 'docs/', 'x/docs/']), ['docs/', 'x/docs/'])
  assert.deepEqual(matches('docs/**', ['docs', 'docs/', 'docs/a', 'x/docs/']), ['docs/', 'docs/a'])
})

test('globs see hidden names and heed case', () => {
  assert.deepEqual(matches('*', ['.a', 'x/.b', '.d/']), ['.a', 'x/.b', '.d/'])
  assert.deepEqual(matches('*.ISO', ['a.iso', 'a.ISO']), ['a.ISO'])
})

test('braces, classes, negations of shells and escapes work, and # and ! are ordinary', () => {
  assert.deepEqual(matches('{a,b}.[ch]', ['a.c', 'b.h', 'c.c']), ['a.c', 'b.h'])
  assert.deepEqual(matches('!(*.iso)', ['a.iso', 'a.txt']), ['a.txt'])
  assert.deepEqual(matches('a\\*', ['a*', 'ab']), ['a*'])
  assert.deepEqual(matches('#a', ['#a', 'a']), ['#a'])
  assert.deepEqual(matches('!a', ['!a', 'b']), ['!a'])
  assert.deepEqual(matches('*', ['a\nb']), ['a\nb'])
})

test('without include patterns all is included, else what one of them matches', () => {
  assert.ok(compileNameFilter([], ['x']).includes('a'))
  const { includes } = compileNameFilter(['*.iso', 'docs/'], [])
  assert.deepEqual(['a.iso', 'a.txt', 'docs/'].filter(includes), ['a.iso', 'docs/'])
})

test('patterns that can mean nothing, or are too long, are refused by name', () => {
  const usage = (message: RegExp) => (error: unknown) =>
    error instanceof BtkitError && error.code === 'usage' && message.test(error.message)
  for (const pattern of ['', '/', '//', '{/a,b}']) {
    assert.throws(() => compileNameFilter([], [pattern]), usage(/^pattern '.*': matches nothing$/))
  }
  for (const endless of ['a'.repeat(4097), '?'.repeat(70_000)]) {
    const told = usage(/^pattern '.{60}…': longer than 4096 characters; use several patterns$/)
    assert.throws(() => compileNameFilter([endless], []), told)
  }
})

test('braces stand for at most 900 patterns', () => {
  const many = ['{a,b}'.repeat(23), '{c,d}' + '{a,a}'.repeat(12), '{a,b,c}'.repeat(7)]
  const long = '{a,b}'.repeat(10) + 'x'.repeat(4040)
  for (const pattern of [...many, long]) {
    assert.throws(
      () => compileNameFilter([], [pattern]),
      (error) =>
        error instanceof BtkitError &&
        error.code === 'usage' &&
        error.message.endsWith('its braces stand for more than 900 patterns; use simpler ones'),
    )
  }
  const names = Array.from({ length: 900 }, (_, i) => `${i}`)
  assert.deepEqual(matches(`{${names.join()}}`, ['0', '899', '900']), ['0', '899'])
  assert.deepEqual(matches('{a,b}'.repeat(9), ['abababab' + 'b', 'ab']), ['abababab' + 'b'])
})

test('a pattern with too many ways through **/.. is refused', () => {
  assert.throws(
    () => compileNameFilter([], [`${'**/../a/b/'.repeat(30)}c`]),
    /has too many '\*\*\/\.\.'; use fewer$/,
  )
})
