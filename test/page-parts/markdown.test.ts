import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatMarkdown, MAX_MARKDOWN } from '../../src/page-parts/markdown.js'

/** The HTML of a text, in one line. */
async function formattedText(text: string): Promise<string> {
  return ((await formatMarkdown(text))?.text ?? 'null').replace(/\n\s*/g, '')
}

test('the usual parts of a README are formatted', async () => {
  const cases = {
    'Some *soft* and **loud** `code`':
      '<p>Some <em>soft</em> and <strong>loud</strong> <code>code</code></p>',
    '- a\n- b': '<ul><li>a</li><li>b</li></ul>',
    '3. a\n4. b': '<ol start="3"><li>a</li><li>b</li></ol>',
    '> a': '<blockquote><p>a</p></blockquote>',
    '```sh\nrm x\n```': '<pre><code>rm x</code></pre>',
    '- [ ] open\n- [x] done\n- [x]y': '<ul><li>☐ open</li><li>☑ done</li><li>[x]y</li></ul>',
    '~~gone~~': '<p><s>gone</s></p>',
  }
  for (const [text, expected] of Object.entries(cases)) {
    assert.equal(await formattedText(text), expected, text)
  }
})

test('headings are below those of the page', async () => {
  assert.equal(await formattedText('# a\n###### b'), '<h3>a</h3><h6>b</h6>')
})

test('a wide table can be scrolled by keys, and needs no inline style', async () => {
  const text = await formattedText('a|b\n-|-:\n1|2')
  assert.match(text, /^<div class="scroll" tabindex="0"><table>.*<\/table><\/div>$/)
  assert.match(text, /<td>1<\/td><td class="n">2<\/td>/)
  assert.doesNotMatch(text, /style=/)
})

test('HTML is text', async () => {
  for (const text of [
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    'a <b onclick="x">b</b>',
    '`<i>`',
    '```\n<i>\n```',
    '    <i>',
    '[<i>](x)',
    '![<i>](x)',
    '# <i>',
    '<!-- <i> --> <i>',
    '<!-- a --><i><!-- b -->',
    '<div>\n<i>\n</div>',
    '<?php <i> ?>',
    '<![CDATA[<i>]]>',
    '<style>\n<i>\n</style>',
    '- <i>\n> <i>',
    'a|b\n-|-\n<i>|<b>',
    '```"><i>\na\n```',
  ]) {
    assert.doesNotMatch(await formattedText(text), /<(?:script|img|b|i|!)[\s>-]/, text)
  }
})

test('comments are left out, except in code', async () => {
  const text = 'a <!-- b --> c\n\n<!-- d\n\ne -->\n\n    <!-- f -->'
  assert.equal(await formattedText(text), '<p>a  c</p><pre><code>&lt;!-- f --&gt;</code></pre>')
})

test('links lead to http, https and this server only', async () => {
  const links = {
    'https://example.org/a?b': 'https://example.org/a?b',
    'HTTP://example.org': 'HTTP://example.org',
    'docs/a.txt': 'docs/a.txt',
    '../iso/?sort=date': '../iso/?sort=date',
    '#part': '#part',
    './a:b': './a:b',
  }
  for (const [address, expected] of Object.entries(links)) {
    assert.equal(await formattedText(`[a](${address})`), `<p><a href="${expected}">a</a></p>`)
  }
  for (const address of [
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    '&#106;avascript:alert(1)',
    'java&Tab;script:alert(1)',
    '&#10;javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'mailto:a@example.org',
    'magnet:?xt=x',
    'x:y',
  ]) {
    for (const text of [
      `[a](${address})`,
      `<${address}>`,
      `[a]\n\n[a]: ${address}`,
      `[a](<${address}>)`,
    ]) {
      assert.doesNotMatch(await formattedText(text), /<a/, text)
    }
  }
})

test('an address cannot leave its attribute', async () => {
  const text = await formattedText('[a](http://x/"onclick="alert`1` "t"onclick=")')
  assert.doesNotMatch(text, /<a[^>]*"\s*onclick/)
  assert.doesNotMatch(await formattedText('[a](x "title")'), /title=/)
})

test('pictures are not loaded; their descriptions stand for them', async () => {
  const badge = '[![build: passing](https://ci.example/badge.svg)](https://ci.example/)'
  assert.equal(
    await formattedText(badge),
    '<p><a href="https://ci.example/">build: passing</a></p>',
  )
  assert.equal(await formattedText('![](logo.png)'), '<p>picture</p>')
  assert.equal(await formattedText('![a *b* <i>][c]\n\n[c]: d'), '<p>a *b* &lt;i&gt;</p>')
})

test('invisible characters are shown, however they are spelled', async () => {
  assert.equal(
    await formattedText('a\u202eb &#x202e; \u0000'),
    '<p>a\\u{202e}b \\u{202e} \ufffd</p>',
  )
  assert.equal(await formattedText('[a](\u202e)'), '<p><a href="%E2%80%AE">a</a></p>')
})

test('texts that would grow without bound are not formatted', async () => {
  const long = `[a]: http://x/${'y'.repeat(MAX_MARKDOWN / 2)}\n\n${'[a]'.repeat(5000)}`
  assert.equal(await formatMarkdown(long), null)
})

test('hostile texts of the largest size become pages of a bounded size', async () => {
  const parts = [
    '[',
    '[a](',
    '![',
    '*a_ ',
    '**a *b ',
    '>',
    '> - ',
    '- a\n',
    '&',
    '<a ',
    '<!-- ',
    '<a b="',
    '<?',
    '|a',
    '|\n',
  ]
  const table = `${'a|'.repeat(1000)}\n${'-|'.repeat(1000)}\n${'|\n'.repeat(MAX_MARKDOWN)}`
  const nested = Array.from({ length: 250 }, (_, i) => `${' '.repeat(i)}- a\n`).join('')
  const backticks = Array.from({ length: 250 }, (_, i) => '`'.repeat(i)).join(' a ')
  for (const text of [
    ...parts.map((part) => part.repeat(MAX_MARKDOWN)),
    table,
    nested,
    backticks,
  ]) {
    const html = await formatMarkdown(text.slice(0, MAX_MARKDOWN))
    assert((html?.text.length ?? 0) < 1_000_000, text.slice(0, 20))
  }
})

test('a table of very many cells is not formatted, as it would be twenty times as long', async () => {
  const table = `${'|a'.repeat(300)}\n${'|-'.repeat(300)}\n${'|\n'.repeat(15_000)}`
  assert.equal(await formatMarkdown(table.slice(0, MAX_MARKDOWN)), null)
})
