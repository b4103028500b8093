import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Io } from '../../../src/cli/io.js'
import { columnsOf, cutColumns, fitColumns } from '../../../src/cli/output/bar.js'
import { exitStatusOf, reportError, choosePaint } from '../../../src/cli/output/messages.js'
import { failureKeys } from '../../../src/cli/output/torrent-json.js'
import { BtkitError } from '../../../src/base/errors.js'
import { Captured, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'

function makeIo({ env = {}, signal = new AbortController().signal }: Partial<Io> = {}) {
  const stderr = new Captured()
  const paint = (_colour: string, text: string) => text
  return { stderr, io: { stderr, env, paint, signal } as unknown as Io }
}

test('a bug is reported as an internal error, with the way to its details', () => {
  const { stderr, io } = makeIo()
  reportError(new TypeError('x is undefined'), io)
  assert.equal(
    stderr.text,
    'btkit: internal error: x is undefined (set BTKIT_DEBUG=1 for details)\n',
  )
})

test('memory that runs out is no internal error', () => {
  const { stderr, io } = makeIo()
  try {
    new ArrayBuffer(Number.MAX_SAFE_INTEGER)
  } catch (error) {
    reportError(error, io)
    assert.deepEqual(failureKeys(error), { error: 'not enough memory', code: 'io' })
  }
  assert.equal(stderr.text, 'btkit: not enough memory\n')
})

const LONG = 'x'.repeat(2_000_000)

for (const args of [
  ['edit', '--private', '--files-from', 'list'],
  ['makemetafile', 'content', '--trackerless', '--files-from', 'list'],
  ['serve', 'content', '--log-file', LONG],
]) {
  test(`a name of two million characters is cut in an error: ${args[0]}`, async (t) => {
    const cwd = makeScratch(t, { list: `${LONG}\n`, 'content/a': 'a' })
    const atPlace = (arg: string) => (['list', 'content'].includes(arg) ? join(cwd, arg) : arg)
    const { status, stderr } = await runBtkit(args.map(atPlace), { cwd })
    const parts = [stderr.slice(0, 7), stderr.slice(-100).replace(/^x+/, '')]
    assert.deepEqual([status, ...parts], [1, 'btkit: ', ': name too long\n'])
    assert.ok(stderr.length < 11_000)
  })
}

test('BTKIT_DEBUG=1 prints the stack', () => {
  const { stderr, io } = makeIo({ env: { BTKIT_DEBUG: '1' } })
  reportError(new BtkitError('io', 'a: why'), io)
  assert.match(stderr.text, /^btkit: a: why\nBtkitError: a: why\n {4}at .*messages\.test/)
})

test('a bug ends with status 1', () => {
  assert.equal(exitStatusOf(new TypeError()), 1)
})

const terminal = { write: () => true, isTTY: true }
const pipe = { write: () => true }
const RED = '\u001b[31mx\u001b[39m'

for (const [what, env, stream, painted] of [
  ['a terminal', {}, terminal, RED],
  ['a pipe', {}, pipe, 'x'],
  ['a terminal that can not', { TERM: 'dumb' }, terminal, 'x'],
  ['a terminal with NO_COLOR', { NO_COLOR: '1' }, terminal, 'x'],
  ['a terminal with an empty NO_COLOR', { NO_COLOR: '' }, terminal, RED],
  ['a pipe with FORCE_COLOR', { FORCE_COLOR: '1' }, pipe, RED],
  ['a pipe with an empty FORCE_COLOR', { FORCE_COLOR: '' }, pipe, RED],
  ['a terminal with FORCE_COLOR=0', { FORCE_COLOR: '0' }, terminal, 'x'],
  ['a terminal with FORCE_COLOR=false', { FORCE_COLOR: 'false' }, terminal, 'x'],
  ['a pipe with both', { NO_COLOR: '1', FORCE_COLOR: '1' }, pipe, 'x'],
] as const) {
  test(`${what}: ${painted === 'x' ? 'plain' : 'coloured'}`, async () => {
    assert.equal((await choosePaint(env, stream))('red', 'x'), painted)
  })
}

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
