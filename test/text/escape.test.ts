import assert from 'node:assert/strict'
import { test } from 'node:test'
import { escapeText, quoteText } from '../../src/text/escape.js'
import { fc } from '../support/random.js'

test('printable text stays as it is, spaces and backslashes included', () => {
  for (const text of ['', ' a  b ', 'C:\\x\\n', '"\'`$;&', 'ünï 日本語 \u{1f600} עברית العربية']) {
    assert.equal(escapeText(text), text)
  }
})

const HOSTILE: [what: string, text: string, escaped: string][] = [
  ['a line feed', 'a\nb', 'a\\nb'],
  ['a carriage return and a tab', '\r\t', '\\r\\t'],
  ['NUL and BEL', '\0\x07', '\\x00\\x07'],
  ['an escape sequence', '\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
  ['a C1 control sequence', '\x9b31m', '\\x9b31m'],
  ['a next-line character', '\x85', '\\x85'],
  ['DEL', '\x7f', '\\x7f'],
  ['a bidi override', '\u202egpj.exe\u202c', '\\u{202e}gpj.exe\\u{202c}'],
  [
    'bidi isolates and marks',
    '\u2066\u2069\u200e\u200f\u061c',
    '\\u{2066}\\u{2069}\\u{200e}\\u{200f}\\u{61c}',
  ],
  ['zero-width characters', 'a\u200bb\u200dc\u2060', 'a\\u{200b}b\\u{200d}c\\u{2060}'],
  ['a soft hyphen', 'a\u00adb', 'a\\u{ad}b'],
  ['a byte order mark', '\ufeffa', '\\u{feff}a'],
  ['line and paragraph separators', '\u2028\u2029', '\\u{2028}\\u{2029}'],
  ['fillers', '\u3164\u115f', '\\u{3164}\\u{115f}'],
  ['variation selectors', '\ufe0f\u{e0100}', '\\u{fe0f}\\u{e0100}'],
  ['tag characters', 'a\u{e0041}\u{e007f}', 'a\\u{e0041}\\u{e007f}'],
  ['interlinear annotation', '\ufff9', '\\u{fff9}'],
  ['lone surrogates', '\ud83d \ude00', '\\u{d83d} \\u{de00}'],
]

for (const [what, text, escaped] of HOSTILE) {
  test(`${what} is made visible`, () => {
    assert.equal(escapeText(text), escaped)
  })
}

test('no text leaves a control or format character, and what is safe is left alone', () => {
  const hostile = fc.constantFrom(
    '\n',
    '\x1b',
    '\x9b',
    '\u202e',
    '\u200b',
    '\u2028',
    '\ud800',
    '\\',
  )
  const text = fc
    .array(fc.oneof(hostile, fc.string({ unit: 'binary' })))
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(text, (value) => {
      const escaped = escapeText(value)
      assert.doesNotMatch(escaped, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      assert.equal(escapeText(escaped), escaped)
    }),
  )
})

test('a quote is in quotation marks, and cut when it is long', () => {
  assert.equal(quoteText('a\n'), '"a\\n"')
  assert.equal(quoteText('x'.repeat(200)), `"${'x'.repeat(200)}"`)
  assert.equal(quoteText('x'.repeat(201)), `"${'x'.repeat(200)}…"`)
})
