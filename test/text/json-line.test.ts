import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonLine } from '../../src/text/escape.js'

/** Characters that a terminal obeys or hides, spelt out so that they can be read. */
const HARMFUL: Record<string, string> = {
  'a newline': '\n',
  'an escape': '\u001b[31m',
  DEL: '\u007f',
  'a C1 control': '\u009b31m',
  'a bidirectional override': '\u202e',
  'an isolate': '\u2066',
  'a zero width joiner': '\u200d',
  'a line separator': '\u2028',
  'a tag beyond the basic plane': '\u{e0041}',
  'half a surrogate pair': '\ud800',
}

for (const [what, text] of Object.entries(HARMFUL)) {
  test(`${what} reaches programs, but no terminal`, () => {
    const line = jsonLine({ [text]: text })
    assert.match(line, /^[\x20-\x7e]+\n$/)
    assert.deepEqual(JSON.parse(line), { [text]: text })
  })
}

test('other text stays as it is', () => {
  assert.equal(jsonLine({ name: 'é 日本 😀 "\\' }), '{"name":"é 日本 😀 \\"\\\\"}\n')
})
