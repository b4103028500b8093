import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  compilePatterns,
  followName,
  patternFault,
} from '../../../src/mirror/torrents/warm-patterns.js'

/** Whether the path of a file matches patterns, found by following its components. */
function matches(patterns: readonly string[], path: string): boolean {
  let rests = compilePatterns(patterns)
  for (const name of path.split('/')) rests = followName(rests, name)
  return rests.includes(null)
}

const MATCHING: readonly (readonly [pattern: string, path: string])[] = [
  ['/iso/*', 'iso/a.iso'],
  ['iso/*', 'iso/a.iso'],
  ['//iso//*.iso', 'iso/a.iso'],
  ['/**', 'a.iso'],
  ['**', 'a/b/c.iso'],
  ['/iso/**', 'iso/a.iso'],
  ['/iso/**', 'iso/a/b/c'],
  ['/**/*.rpm', 'a.rpm'],
  ['/**/*.rpm', 'x/y/a.rpm'],
  ['/yum/**/Packages/*.rpm', 'yum/Packages/a.rpm'],
  ['/yum/**/Packages/*.rpm', 'yum/7/os/Packages/a.rpm'],
  ['/yum/**/Packages/**/*.rpm', 'yum/Packages/Packages/x/a.rpm'],
  ['/yum/**/**/a', 'yum/a'],
  ['/yum/[67]/?.rpm', 'yum/7/a.rpm'],
  ['/a\\[1].iso', 'a[1].iso'],
  ['/iso/*.{iso,img}', 'iso/a.img'],
  ['{/iso,/images/*}/a', 'images/x/a'],
  ['/iso/!(*.txt)', 'iso/a.iso'],
  ['/[[:digit:]]*/a', '7/a'],
  ['/.well-known/*', '.well-known/a'],
]

for (const [pattern, path] of MATCHING) {
  test(`${pattern} matches ${path}`, () => {
    assert.ok(matches([pattern], path))
  })
}

const OTHERS: readonly (readonly [pattern: string, path: string])[] = [
  ['/iso/*', 'iso'],
  ['/iso/*', 'iso/x/a.iso'],
  ['/iso/**', 'iso'],
  ['/iso/**', 'isos/a'],
  ['/**/*.rpm', 'x/a.iso'],
  ['/yum/**/Packages/*.rpm', 'yum/Packages/x/a.rpm'],
  ['/**', '.hidden'],
  ['/**', 'a/.git/config'],
  ['/**/x', '.git/x'],
  ['/*', '.hidden'],
  ['/a[1].iso', 'a[1].iso'],
  ['/iso/!(*.txt)', 'iso/a.txt'],
]

for (const [pattern, path] of OTHERS) {
  test(`${pattern} does not match ${path}`, () => {
    assert.ok(!matches([pattern], path))
  })
}

test('one of several patterns is enough', () => {
  const patterns = ['/iso/**/*.iso', '/yum/*', '/iso/x/*']
  for (const path of ['iso/a.iso', 'yum/a', 'iso/x/b.txt']) assert.ok(matches(patterns, path), path)
  for (const path of ['iso/b.txt', 'yum/a/b']) assert.ok(!matches(patterns, path), path)
})

test('a link to a directory is followed only by its own component, not by **', () => {
  const below = followName(compilePatterns(['/**', '/a/*/x']), 'a')
  const linked = followName(below, 'link', true)
  assert.ok(linked.some((rest) => rest !== null))
  assert.ok(followName(linked, 'x').includes(null))
  assert.ok(!followName(linked, 'y').includes(null))
})

for (const pattern of [
  '',
  '/',
  '/iso/',
  '..',
  '/iso/../x',
  'a/./b',
  'a\0b',
  '/x'.repeat(101),
  '{iso/,a}',
]) {
  test(`${JSON.stringify(pattern.slice(0, 20))} is not a valid pattern`, () => {
    assert.match(patternFault(pattern) ?? '', /matches no file|is not a file name|components/)
  })
}
