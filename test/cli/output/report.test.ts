import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Io } from '../../../src/cli/io.js'
import { Report, type ReportOptions } from '../../../src/cli/output/report.js'
import { BtkitError } from '../../../src/base/errors.js'
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

test('hostile text is escaped in a line, and keeps it one line', () => {
  const { report, printed } = open()
  report.text(['a\n\u001b[2J', '\u202e'])
  assert.deepEqual(printed(), ['a\\n\\x1b[2J\n\\u{202e}\n', ''])
})

test('a failed item does not stop the rest', async () => {
  const { report, printed } = open()
  const done: number[] = []
  const status = await report.each([1, 2, 3], (item) => {
    if (item === 2) return Promise.reject(new BtkitError('io', 'two: why'))
    done.push(item)
    return Promise.resolve()
  })
  assert.deepEqual({ status, done }, { status: 1, done: [1, 3] })
  assert.deepEqual(printed(), ['', 'btkit: two: why\n'])
})

test('with --json, a failed item has a line, too', async () => {
  const { report, printed } = open({ json: true })
  const work = () => Promise.reject(new BtkitError('io', 'why'))
  await report.each([1, 2], work, (item) => [{ item }])
  assert.deepEqual(printed(), ['{"item":1}\n{"item":2}\n', 'btkit: why\nbtkit: why\n'])
})

test('an interruption stops the rest', async () => {
  const stop = new AbortController()
  const { report, printed } = open({ json: true }, stop)
  const interrupted = new BtkitError('interrupted', 'interrupted')
  const done: number[] = []
  const work = (item: number) => {
    done.push(item)
    stop.abort()
    return Promise.reject(interrupted)
  }
  await assert.rejects(
    report.each([1, 2], work, (item) => [{ item }]),
    interrupted,
  )
  assert.deepEqual(done, [1])
  assert.deepEqual(printed(), ['', ''], 'the program reports it')
})
