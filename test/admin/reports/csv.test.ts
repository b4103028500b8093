import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatCsv } from '../../../src/admin/reports/csv.js'

test('cells that a spreadsheet would run are inert text', () => {
  for (const hostile of ['=1+1', '+1', '-1+cmd', '@SUM(A1)', '|calc', '%x', ' =1'])
    assert.equal(formatCsv([[hostile]]), `'${hostile}\r\n`)
  assert.equal(formatCsv([['\t=1']]), '\\t=1\r\n')
  assert.equal(formatCsv([[-1, null, 0]]), '-1,,0\r\n')
})

test('quotes, commas and line ends stay inside their cell', () => {
  assert.equal(formatCsv([['a"b', 'c,d', 'e;f', 'g\r\nh']]), '"a""b","c,d","e;f",g\\r\\nh\r\n')
})
