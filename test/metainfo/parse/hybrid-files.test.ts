import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkHybridFiles } from '../../../src/metainfo/parse/v1-files.js'
import { assertRefused } from '../refusal.js'

function file(path: string[], length = 5, padding = false) {
  return { path, length, padding, attr: padding ? 'p' : '' }
}

test('the same files agree, pad files aside', () => {
  const v1 = [file(['a']), file(['.pad', '9'], 9, true), file(['b', 'c'], 7)]
  assert.doesNotThrow(() => {
    checkHybridFiles(v1, [file(['a']), file(['b', 'c'], 7)])
  })
})

const A = file(['a'])
const B = file(['b'])

const REFUSED: [v1: (typeof A)[], tree: (typeof A)[], rule: string][] = [
  [[A, B], [A], '"b" is not in the file tree'],
  [[A], [A, B], '"b" is only in the file tree'],
  [[A, B], [B, A], '"a" stands where the file tree has "b"'],
  [[A], [file(['a'], 6)], '"a" is 5 bytes long, 6 in the file tree'],
  [[file(['a/b'])], [file(['a', 'b'])], '"a/b" stands where the file tree has "a/b"'],
]

for (const [v1, tree, rule] of REFUSED) {
  test(`disagreement: ${rule}`, () => {
    assertRefused(
      () => {
        checkHybridFiles(v1, tree)
      },
      'metainfo',
      `info: v1 and v2 disagree: ${rule}`,
    )
  })
}
