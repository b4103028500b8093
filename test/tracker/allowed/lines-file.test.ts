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
