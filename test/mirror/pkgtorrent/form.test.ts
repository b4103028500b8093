import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePaths } from '../../../src/mirror/pkgtorrent/form.js'
import { formOf } from '../ask.js'
import { refused } from '../refused.js'

const parse = (form: string | Uint8Array, maxPaths = 10) => parsePaths(Buffer.from(form), maxPaths)

test('the paths of a form keep their order', () => {
  assert.deepEqual(parse('p=/yum/b&p=/yum/a&p=/yum/b'), ['/yum/b', '/yum/a', '/yum/b'])
})

test('a form written by browsers or Python is read back', () => {
  const paths = ['/yum/a b+c%&=.rpm', '/yum/ü/😀', "/a;b,'(c)*[d]?", '/~x']
  assert.deepEqual(parse(formOf(paths)), paths)
})

test('a plus is a space, an encoded plus is a plus', () => {
  assert.deepEqual(parse('p=/a+b%2Bc%20d'), ['/a b+c d'])
})

test('other fields are ignored', () => {
  assert.deepEqual(parse('q=1&p=/a&pp=/b&P=/c&=&&p=/d&p'), ['/a', '/d'])
})

test('a value may contain an equals sign', () => {
  assert.deepEqual(parse('p=/a=b=c'), ['/a=b=c'])
})

test('a form without a path is refused', () => {
  for (const form of ['', '&', 'q=/a', 'p']) {
    assert.throws(() => parse(form), refused('usage', /no path/), form)
  }
})

test('as many paths as the limit are accepted, but not one more', () => {
  const form = (count: number) => Array.from({ length: count }, (_, i) => `p=/${i}`).join('&')
  assert.equal(parse(form(10)).length, 10)
  assert.throws(() => parse(form(11)), refused('too-large', /more than 10 paths/))
})

test('text that is not UTF-8 is refused, encoded or not', () => {
  assert.throws(() => parse(Buffer.from('p=/\xff', 'latin1')), refused('usage', /UTF-8/))
  for (const form of ['p=/%ff', 'p=/%c3', 'p=/%ed%a0%80', 'p=/%', 'p=/%zz', 'p=/%4']) {
    assert.throws(() => parse(form), refused('usage', /UTF-8/), form)
  }
})

test('a path with a newline is refused, because newlines separate the paths of a set', () => {
  for (const form of ['p=/a%0A/b', 'p=/a\n/b']) {
    assert.throws(() => parse(form), refused('usage', /newline/), form)
  }
})
