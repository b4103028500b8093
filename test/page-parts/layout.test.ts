import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { renderPage } from '../../src/page-parts/layout.js'
import { digestedText, InlineScript } from '../../src/page-parts/policy.js'
import { html } from '../../src/base/text/html.js'

test('a page has its title and its content, and nothing else', () => {
  const { body: page } = renderPage({ title: 'a <b> & c' }, html`<h1>x</h1>`, 'y & z')
  assert.match(page, /^<!doctype html>\s*<html lang="en">/)
  assert.match(page, /<title>a &lt;b&gt; &amp; c<\/title>/)
  assert.match(page, /<main id="content">\s*<h1>x<\/h1>y &amp; z\s*<\/main>/)
  assert.doesNotMatch(page, /<header|<footer|class="skip"|<script/)
})

test('a title ends in the name of the site; previews of links have both apart', () => {
  const { body: page } = renderPage(
    { title: 'pub', site: { name: 'A & B' }, description: '4 B' },
    'c',
  )
  assert.match(page, /<title>pub - A &amp; B<\/title>/)
  const named = [...page.matchAll(/<meta (?:property|name)="([^"]+)" content="([^"]*)"/g)]
  assert.deepEqual(
    named.slice(1).map(([, name, content]) => [name, content]),
    [
      ['og:title', 'pub'],
      ['og:description', '4 B'],
      ['og:type', 'website'],
      ['og:site_name', 'A &amp; B'],
      ['description', '4 B'],
    ],
  )
})

test('what comes before the content can be skipped', () => {
  const { body: page } = renderPage(
    { title: 't', header: html`<a href="../">up</a>`, footer: 'f' },
    'c',
  )
  const order = ['href="#content"', '<header>', 'up</a>', '<main id="content">', '<footer>f']
  const places = order.map((part) => page.indexOf(part))
  assert(
    places.every((place, i) => place > (places[i - 1] ?? 0)),
    places.join(' '),
  )
})

test('a title cannot end its element', () => {
  const { body: page } = renderPage({ title: '\u0000 $& </title>' }, 'x')
  assert.match(page, /<title>\\x00 \$&amp; &lt;\/title&gt;<\/title>/)
})

test("the policy allows only the page's own style and script, by their hashes", () => {
  const script = new InlineScript(digestedText('document.title += 1'))
  const { body: page, headers } = renderPage({ title: 't', script }, 'c')
  const sourceOf = (tag: string) => {
    const text = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(page)?.[1] ?? ''
    return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  }
  const policy = headers['Content-Security-Policy']?.split('; ') ?? []
  assert.equal(policy[0], "default-src 'none'")
  assert(policy.includes(`style-src ${sourceOf('style')}`))
  assert(policy.includes(`script-src ${sourceOf('script')}`))
})

test('without a script the policy allows none', () => {
  const { headers } = renderPage({ title: 't' }, 'c')
  assert.doesNotMatch(headers['Content-Security-Policy'] ?? '*', /script-src|unsafe|\*/)
})
