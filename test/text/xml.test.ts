import assert from 'node:assert/strict'
import { test } from 'node:test'
import { xml } from '../../src/text/xml.js'

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
