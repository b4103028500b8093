import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatHtml } from '../../src/page-parts/safe-html.js'

/** HTML, and what is left of it. */
type Cases = Readonly<Record<string, string>>

function assertLeft(cases: Cases): void {
  for (const [markup, expected] of Object.entries(cases))
    assert.equal(formatHtml(markup).text, expected, markup)
}

test('text, lists, tables, classes and links are kept', () => {
  assertLeft({
    '<p class="top">Caf&eacute; &amp; <b title=\'a "b"\'>bar</b></p>':
      '<p class="top">Caf&eacute; &amp; <b title="a &quot;b&quot;">bar</b></p>',
    '<UL><LI>a<LI>b</UL>': '<ul><li>a<li>b</li></li></ul>',
    '<table><tr><td>1</td></tr></table>': '<table><tr><td>1</td></tr></table>',
    '<a href="https://example.org/?a=1&amp;b">x</a>':
      '<a href="https://example.org/?a=1&amp;b">x</a>',
    "<a href=/iso/ class='a\nb'>x</a>": '<a href="/iso/" class="a b">x</a>',
    'a<br>b<hr/>': 'a<br>b<hr>',
  })
})

test('attributes and references to characters are read as HTML says', () => {
  assertLeft({
    '<a href="/?a=1&#38;b=2&c" title="Caf&eacute; &amp;eacute; &copy">x</a>':
      '<a href="/?a=1&#38;b=2&amp;c" title="Caf&eacute; &amp;eacute; &amp;copy">x</a>',
    '<a HREF=https://example.org/a/b?c class=top>x</a>':
      '<a href="https://example.org/a/b?c" class="top">x</a>',
    "<img alt='The site'><img src=x alt=logo><img alt='&eacute;'>": 'The sitelogo&eacute;',
    '<a data-href="/no" title="1" title="2">x</a>': '<a title="1">x</a>',
  })
})

test('headings are below those of the page', () => {
  assertLeft({ '<h1>a</h1><h5>b</h5>': '<h3>a</h3><h5>b</h5>', '<H4>c</H4>': '<h6>c</h6>' })
})

test('scripts, styles, comments and all that loads or sends are left out', () => {
  assertLeft({
    'a<script>alert(1)</script>b': 'ab',
    'a<SCRIPT src=x>alert(1)</script >b': 'ab',
    '<style>p { color: red }</style>': '',
    '<script>alert(1)': '',
    '<scr<script></script>ipt>alert(1)</script>': '&lt;script>alert(1)',
    '<svg><script>alert(1)</script></svg>x': 'x',
    '<iframe src="https://example.org">x</iframe>': '',
    '<form action="/x"><input name=a><button>Send</button></form>': 'Send',
    '<!-- <b> --><!doctype html><?php x ?>a': 'a',
    '<meta http-equiv=refresh content=0><base href="//example.org/"><link rel=stylesheet>': '',
    '<p onclick="alert(1)" style="color: red" id="search">a</p>': '<p>a</p>',
  })
})

test('descriptions stand for pictures', () => {
  assertLeft({
    '<a href="/"><img src="x.png" alt="The <site>" onerror=alert(1)></a>':
      '<a href="/">The &lt;site></a>',
    '<img src=x>': '',
  })
})

test('links lead to http, https and this server only', () => {
  for (const address of [
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,x',
    'magnet:?xt=x',
    'vbscript:x',
  ])
    assertLeft({ [`<a href="${address}">a</a>`]: '<a>a</a>' })
  // A browser reads no reference that could be a colon
  for (const colon of ['&#58;', '&colon;', '&#x3a;']) {
    const { text } = formatHtml(`<a href="javascript${colon}alert(1)">a</a>`)
    assert.match(text, /href="javascript&amp;/)
  }
})

test('no element reaches beyond the header', () => {
  assertLeft({
    '</div></header></body>a': 'a',
    '<div><b>a</div>b': '<div><b>a</b></div>b',
    '<div><p>a': '<div><p>a</p></div>',
    '</p><p>': '<p></p>',
  })
})

test('what is no tag is text', () => {
  assertLeft({
    '1 < 2 <3': '1 &lt; 2 &lt;3',
    '<a href="x>y': '&lt;a href="x>y',
    '<<b>x</b>': '&lt;<b>x</b>',
    'a\u202eb\tc': 'a\\u{202e}b\tc',
  })
})
