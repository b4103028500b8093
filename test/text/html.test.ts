import assert from 'node:assert/strict'
import { test } from 'node:test'
import { html, lines } from '../../src/text/html.js'

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
