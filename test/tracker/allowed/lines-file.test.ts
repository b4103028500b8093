import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { LinesFile } from '../../../src/tracker/allowed/lines-file.js'
import { makeScratch } from '../../support/scratch.js'

test('a long list is read in turns, and a bad line is named by its number', async (t) => {
  const lines = Array.from({ length: 30_000 }, (_, n) => `${n}`.padStart(40, '0'))
  lines[24_998] = 'not a number'
  lines[24_999] = '# a remark'
  const list = join(makeScratch(t, { list: `${lines.join('\r\n')}\n` }), 'list')
  const problems: string[] = []
  const parse = (line: string) => (/^\d+$/.test(line) ? Number(line) : null)
  const file = new LinesFile(list, { parse, expected: 'number' }, (problem) => {
    problems.push(problem)
  })
  let turns = 0
  const count = () => {
    turns++
    if (file.values.length === 0) setImmediate(count)
  }
  const reading = file.refresh()
  setImmediate(count)
  await reading
  assert.equal(file.values.length, 29_998)
  assert.deepEqual(file.values.slice(-2), [29_998, 29_999])
  const why = `${list}: line 24999: "not a number" is not an number; line ignored`
  assert.deepEqual(problems, [why])
  assert.ok(turns >= 4, `${turns}`)
})

test('a line of more than 1,000 characters is never parsed, and is named by its number', async (t) => {
  const lines = ['1', 'é'.repeat(1000), '2', 'é'.repeat(1001), '3', '4'.repeat(400_000), '5', '#6']
  const list = join(makeScratch(t, { list: lines.join('\n') }), 'list')
  const parsed: number[] = []
  const problems: string[] = []
  const parse = (line: string) => parsed.push(line.length)
  const file = new LinesFile(list, { parse, expected: 'number' }, (told) => problems.push(told))
  await file.refresh()
  assert.deepEqual(parsed, [1, 1000, 1, 1, 1])
  const numbers = problems.map((told) => /line \d+/.exec(told)?.[0])
  assert.deepEqual(numbers, ['line 4', 'line 6'])
})
