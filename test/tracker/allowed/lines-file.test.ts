import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { LinesFile } from '../../../src/tracker/allowed/lines-file.js'
import { assertError, runBtkit } from '../../support/run-btkit.js'
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

test('a binary file in the place of a list is one error, and later one warning', async (t) => {
  const directory = makeScratch(t, { list: '1\n2\n', packed: gzipSync('1\n2\n'.repeat(9000)) })
  const [list, packed] = [join(directory, 'list'), join(directory, 'packed')]
  const said = ': not a list (binary data)'
  for (const option of ['--allowed-list', '--banned-list', '--allowed-ips', '--banned-ips']) {
    const open = option === '--allowed-list' ? [] : ['--open']
    const place = ['--host', '192.0.2.1', '--state', join(directory, 'state')]
    const refused = await runBtkit(['track', ...place, ...open, option, packed])
    assertError(refused, 'io', `btkit: ${packed}${said}\n`)
  }
  const problems: string[] = []
  const line = { parse: Number, expected: 'number' }
  const file = new LinesFile(list, line, (problem) => problems.push(problem))
  await file.refresh()
  writeFileSync(list, gzipSync('3'))
  for (let scan = 0; scan < 3; scan++) await file.refresh()
  assert.deepEqual(file.values, [1, 2])
  assert.deepEqual(problems, [`${list}${said}; its last content stays in use`])
})
