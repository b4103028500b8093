import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choosePaint } from '../../../src/cli/output/paint.js'

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
