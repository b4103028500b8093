import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Io } from '../../../src/cli/io.js'
import { Report, type ReportOptions } from '../../../src/cli/output/report.js'
import { Captured } from '../../support/run-btkit.js'

function open(options: ReportOptions = {}, { signal = new AbortController().signal } = {}) {
  const [stdout, stderr] = [new Captured(), new Captured()]
  const paint = (_colour: string, text: string) => text
  const io = { stdout, stderr, env: {}, paint, signal } as unknown as Io
  return { report: new Report(options, io), printed: () => [stdout.text, stderr.text] }
}

for (const [what, options, printed] of [
  ['for people', {}, ['one\ntwo\nwrong\n', 'btkit: n\nbtkit: warning: w\nbtkit: warning: a\n']],
  ['--quiet', { quiet: true }, ['wrong\n', 'btkit: warning: a\n']],
  [
    '--json',
    { json: true },
    ['{"n":1}\n{"n":2}\n', 'btkit: n\nbtkit: warning: w\nbtkit: warning: a\n'],
  ],
  ['--json --quiet', { json: true, quiet: true }, ['{"n":1}\n{"n":2}\n', 'btkit: warning: a\n']],
] as const) {
  test(`a command says its words, ${what}`, () => {
    const { report, printed: texts } = open(options)
    report.line(
      () => ({ n: 1 }),
      () => ['one', 'two'],
    )
    report.line(
      () => ({ n: 2 }),
      () => ['wrong'],
      'always',
    )
    report.note('n')
    report.warn('w')
    report.alert('a')
    assert.deepEqual(texts(), printed)
  })
}
