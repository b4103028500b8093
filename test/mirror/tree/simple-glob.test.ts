import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileSimpleGlob, isGlob } from '../../../src/mirror/tree/simple-glob.js'
import { refused } from '../refused.js'
import { limitedBudget, plentifulBudget } from '../budgets.js'

const plenty = plentifulBudget()

function matches(pattern: string, name: string): boolean {
  return compileSimpleGlob(pattern, plenty).matches(name, plenty)
}

/** The steps of a pattern for comparing a name, including its compilation. */
function stepsOf(pattern: string, name: string): number {
  let steps = 0
  const charge = (_kind: string, amount: number) => {
    steps += amount
  }
  compileSimpleGlob(pattern, { charge }).matches(name, { charge })
  return steps
}

const NAMES = [
  ...['', 'a', 'b', 'c', 'd', 'e', '-', ']', '[', '!', '^', '*', '?', '\\', '5', 'ab', 'abc'],
  ...['ba', 'aXbYc', 'a.rpm', 'a-b', '[a', 'a[', '[]', '[!]', 'x]', 'ü', 'é', 'uü', '😀', '😀😀'],
]

const ANY_ONE = NAMES.filter((name) => Array.from(name).length === 1)
const without = (...left: string[]) => ANY_ONE.filter((name) => !left.includes(name))

/**
 * The names that a pattern matches in Python 3.11: `python3 -c 'import fnmatch; print([n for n in
 * NAMES if fnmatch.fnmatchcase(n, PATTERN)])'`
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
  test(`'${pattern}' matches the same as fnmatch`, () => {
    assert.deepEqual(
      NAMES.filter((name) => matches(pattern, name)),
      names,
    )
  })
}

test('a leading dot is matched only by a dot', () => {
  for (const pattern of ['*', '?a', '[.]a', '[!x]a', '*a']) {
    assert.equal(matches(pattern, '.a'), false, pattern)
  }
  for (const pattern of ['.*', '.?', '.[a]', '.a']) {
    assert.equal(matches(pattern, '.a'), true, pattern)
  }
})

test('patterns that are slow elsewhere take at most the product of the lengths of name and pattern', () => {
  const name = 'a'.repeat(255)
  for (const part of ['a*', '*a', '?*', '[a]*', '*a*?', '*', '[']) {
    const pattern = `${part.repeat(60)}b`
    assert.equal(matches(pattern, name), false, part)
    assert.ok(stepsOf(pattern, name) < 2 * name.length * pattern.length, part)
  }
  assert.ok(stepsOf(`${'*'.repeat(4000)}b`, name) < 5000)
})

test('a long class takes no more steps', () => {
  const classOf = (count: number) => `[${'abc'.repeat(count)}]*x`
  const compile = (pattern: string) => stepsOf(pattern, '')
  const [short, long] = [classOf(1), classOf(1000)]
  const name = 'b'.repeat(200)
  assert.equal(stepsOf(short, name) - compile(short), stepsOf(long, name) - compile(long))
})

test('the ranges of a class may have any order and overlap', () => {
  for (const name of ['a', 'e', 'm', 'z', '5', '0', '9']) {
    assert.ok(matches('[x-zc-ea-dm0-53-9k-n]', name), name)
    assert.ok(!matches('[!x-zc-ea-dm0-53-9k-n]', name), name)
  }
  for (const name of ['f', 'j', 'o', 'w', '/', ':']) {
    assert.ok(!matches('[x-zc-ea-dm0-53-9k-n]', name), name)
    assert.ok(matches('[!x-zc-ea-dm0-53-9k-n]', name), name)
  }
})

test('a class with too many ranges is refused', () => {
  const classOf = (count: number) => {
    const characters = Array.from({ length: count }, (_, i) => String.fromCharCode(0x3400 + 2 * i))
    return `[${characters.join('')}]`
  }
  assert.ok(matches(classOf(256), '\u3402'))
  assert.throws(() => matches(classOf(257), '\u3402'), refused('too-many', /more than 256 ranges/))
})

test('the comparison ends once the budget is spent', () => {
  const glob = compileSimpleGlob('*a', plenty)
  const budget = limitedBudget({ steps: 100 })
  assert.throws(
    () => {
      for (let i = 0; i < 100; i++) glob.matches('bbbb', budget)
    },
    refused('too-many', /too long to match/),
  )
})

test('only *, ? and [ make a pattern', () => {
  for (const text of ['*', 'a?', '[', 'x[a]']) assert.ok(isGlob(text), text)
  for (const text of ['', 'a', ']', '{a,b}', '!', '.']) assert.ok(!isGlob(text), text)
})
