import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columnsOf, cutColumns, fitColumns } from '../../../src/cli/output/bar.js'

// The widths are those of wcwidth(3) in glibc
for (const [text, columns] of [
  ['plain', 5],
  ['日本語', 6],
  ['한국', 4],
  ['ﾊﾝｶｸ', 4],
  ['ＡＢ', 4],
  ['ü', 1],
  ['e\u0301', 1],
] as const) {
  test(`"${text}" takes ${columns} columns`, () => {
    assert.equal(columnsOf(text), columns)
  })
}

test('text is filled or cut to the same number of columns', () => {
  assert.equal(fitColumns('日本', 6), '日本  ')
  assert.equal(fitColumns('日本語', 6), '日本語')
  assert.equal(fitColumns('日本語', 5), '日本…')
  assert.equal(fitColumns('日本語', 4), '日… ', 'half a character can not be shown')
})

test('a character is not separated from its accent', () => {
  assert.equal(cutColumns('e\u0301e\u0301', 1), 'e\u0301')
  assert.equal(cutColumns('日本', 0), '')
})
