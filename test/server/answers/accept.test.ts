import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prefersHtml, prefersJson } from '../../../src/server/answers/accept.js'

const BROWSERS = {
  Chromium:
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7',
  Firefox: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  lynx: 'text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01',
  w3m: 'text/html, text/*;q=0.5, image/*, application/*',
}

for (const [name, accept] of Object.entries(BROWSERS)) {
  test(`${name} gets pages`, () => {
    assert.deepEqual([prefersHtml(accept), prefersJson(accept)], [true, false])
  })
}

const PROGRAMS = {
  'curl and wget': '*/*',
  'clients without the header': undefined,
  aria2: '*/*,application/metalink4+xml,application/metalink+xml',
  'clients that refuse HTML': 'text/html;q=0, */*',
  'clients that would rather have the torrent': 'text/html;q=0.5, application/x-bittorrent',
  'clients that would rather have JSON': 'text/html;q=0.9, application/json',
  'clients that want some text': 'text/*',
  'clients whose quality is no number': 'text/html;q=much',
}

for (const [name, accept] of Object.entries(PROGRAMS)) {
  test(`${name} get no pages`, () => {
    assert.equal(prefersHtml(accept), false)
  })
}

test('a client that prefers JSON to HTML, or likes both the same, gets JSON', () => {
  assert.equal(prefersJson('application/json'), true)
  assert.equal(prefersJson('Application/JSON; charset=utf-8, text/html;q=0.8'), true)
  assert.equal(prefersJson('text/html, application/json;q=0.9'), false)
})
