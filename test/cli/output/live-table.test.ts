import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LiveTable } from '../../../src/cli/output/live-table.js'
import { Captured } from '../../support/run-btkit.js'

test('lines take the place of those before', () => {
  const output = new Captured()
  const table = new LiveTable(output)
  table.show(['a', 'b'])
  table.show(['c'])
  assert.equal(output.text, 'a\nb\n\u001b[2A\r\u001b[Jc\n')
})

test('what the terminal has no room for is counted', () => {
  const output = Object.assign(new Captured(), { rows: 4 })
  new LiveTable(output).show(['a', 'b', 'c', 'd', 'e'])
  assert.equal(output.text, 'a\nb\nand 3 more\n')
})

test('as many lines as the terminal has room for are shown', () => {
  const output = Object.assign(new Captured(), { rows: 4 })
  new LiveTable(output).show(['a', 'b', 'c'])
  assert.equal(output.text, 'a\nb\nc\n')
})
