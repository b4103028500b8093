import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderSiteHeader, type HeaderOptions } from '../../../src/mirror/requests/site-header.js'

const PLAIN: HeaderOptions = {
  files: true,
  listings: true,
  warm: null,
  tracker: null,
  publicUrl: null,
}
const WARM = { patterns: ['**'], interval: 1000, maxRate: null, feedSince: 0 }

function menuOf(options: Partial<HeaderOptions>, current: 'files' | 'status' | null = null) {
  const { text } = renderSiteHeader({ ...PLAIN, ...options }, '../', current)
  const links = [...text.matchAll(/<a href="([^"]*)"\s*(aria-current="page")?>([^<]*)</g)]
  return links.map(([, address, isCurrent, title]) => `${title}${isCurrent ? '*' : ''} ${address}`)
}

test('the header leads to what is on', () => {
  assert.deepEqual(menuOf({}), ['Files .././', 'Status .././-/status'])
  assert.deepEqual(menuOf({ listings: false }), ['Status .././-/status'])
  assert.deepEqual(menuOf({ files: false }), ['Status .././-/status'])
  const page = 'http://t.example:6969/'
  const tracker = {
    url: `${page}announce`,
    page,
    has: () => false,
    add: () => undefined,
    countsOf: () => null,
  }
  assert.deepEqual(menuOf({ tracker, warm: WARM }, 'files'), [
    'Files* .././',
    `Torrents ${page}`,
    'Status .././-/status',
    'Feed .././-/feed.xml',
  ])
})

test('the header has the name of the mirror', () => {
  const publicUrl = 'https://mirror.example.org:8443/pub'
  const { text } = renderSiteHeader({ ...PLAIN, publicUrl }, '', 'status')
  assert.match(text, /class="brand" href="\.\/">.*mirror\.example\.org:8443<\/a>/s)
})
