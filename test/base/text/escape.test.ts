import assert from 'node:assert/strict'
import { test } from 'node:test'
import { escapeText, quoteText, escapeBadBytes, jsonLine } from '../../../src/base/text/escape.js'
import { html, lines } from '../../../src/base/text/html.js'
import { xml } from '../../../src/base/text/xml.js'
import { fc } from '../../support/random.js'

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

for (const [what, bytes, text] of [
  ['text', [0x61, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80], 'aé😀'],
  ['Latin-1 in text', [0x61, 0xe9, 0x62], 'a\\xe9b'],
  ['a character that is cut off', [0x61, 0xf0, 0x9f, 0x98], 'a\\xf0\\x9f\\x98'],
  ['U+FFFD itself', [0xef, 0xbf, 0xbd], '\ufffd'],
  ['nothing', [], ''],
] as const) {
  test(`${what} is shown with its bad bytes in hexadecimal`, () => {
    assert.equal(escapeBadBytes(Buffer.from(bytes)), text)
  })
}

test('values are text, in elements and in attributes', () => {
  const name = `<b onclick="x('&')">`
  assert.equal(
    html`<a title="${name}">${name}</a>`.text,
    '<a title="&lt;b onclick=&quot;x(&#39;&amp;&#39;)&quot;&gt;">' +
      '&lt;b onclick=&quot;x(&#39;&amp;&#39;)&quot;&gt;</a>',
  )
})

test('HTML within HTML is left as it is, also in lists', () => {
  const rows = ['<a>', 'b'].map((each) => html`<b>${each}</b>`)
  assert.equal(html`<i>${rows}</i>`.text, '<i><b>&lt;a&gt;</b><b>b</b></i>')
})

test('numbers stand as they are, and nothing stands for nothing', () => {
  assert.equal(html`${0}${null}${false}${[]}${-1.5}`.text, '0-1.5')
})

test('what is invisible or turns the direction of text becomes visible', () => {
  assert.equal(html`${'a\u202eb\u0000\u200b'}`.text, 'a\\u{202e}b\\x00\\u{200b}')
})

test('a backslash in the template is no escape of ours', () => {
  assert.equal(html`${'\\n'}`.text, '\\n')
})

test('text of several lines keeps them and its tabs, and nothing else that is invisible', () => {
  assert.equal(lines('a\n\tb\r\n<c>\rd\u001b[1m').text, 'a\n\tb\n&lt;c&gt;\nd\\x1b[1m')
})

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

test('text stays text, whatever it looks like', () => {
  const hostile = `<a b="c" d='e'>&amp;]]>`
  const { text } = xml`<x y="${hostile}">${hostile}</x>`
  const escaped = '&#60;a b=&#34;c&#34; d=&#39;e&#39;&#62;&#38;amp;]]&#62;'
  assert.equal(text, `<x y="${escaped}">${escaped}</x>`)
})

test('white space of attributes stays what it is', () => {
  assert.equal(xml`<x y="${'a\tb\nc\rd'}"/>`.text, '<x y="a&#9;b&#10;c&#13;d"/>')
})

test('what no XML can hold is replaced, and nothing else', () => {
  const impossible = '\u0000\u0001\u001f\ud800\ufffe\uffff'
  assert.equal(xml`${impossible}`.text, '\ufffd'.repeat(6))
  const possible = '\u0085\u202e日本\u{1f4be}'
  assert.equal(xml`${possible}`.text, possible)
})

test('XML in XML stays XML, and nothing is nothing', () => {
  assert.equal(xml`<a>${[xml`<b/>`, 'c<', 1, null]}</a>`.text, '<a><b/>c&#60;1</a>')
})
