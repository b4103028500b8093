import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prefersHtml, prefersJson } from '../../../src/server/answers/accept.js'
import { checkConditions } from '../../../src/server/answers/conditional.js'

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

const MODIFIED = 'Tue, 14 Nov 2023 22:13:20 GMT'
const VALIDATORS = { etag: '"tag"', lastModified: MODIFIED }
const EARLIER = 'Tue, 14 Nov 2023 22:13:19 GMT'
const verdict = (headers: Record<string, string>) => checkConditions(headers, VALIDATORS)
const isSame = (headers: Record<string, string>) => verdict(headers) === 'unmodified'

test('a request without a condition gets everything', () => {
  assert.equal(isSame({}), false)
})

test('a client that has this tag, strong or weak, has this state', () => {
  for (const tags of ['"tag"', 'W/"tag"', '"a", "tag"', '"a",W/"tag","b"', '*', ' "tag" ']) {
    assert.equal(isSame({ 'if-none-match': tags }), true, tags)
  }
})

test('a client with other tags does not have this state', () => {
  for (const tags of ['"other"', '', 'tag', '"tag', '"a", "b"', '"TAG"', '"*"']) {
    assert.equal(isSame({ 'if-none-match': tags }), false, tags)
  }
})

test('the same date counts as unmodified', () => {
  assert.equal(isSame({ 'if-modified-since': MODIFIED }), true)
  assert.equal(isSame({ 'if-modified-since': EARLIER }), false)
})

test('a file replaced by an older one is another one', () => {
  assert.equal(isSame({ 'if-modified-since': 'Tue, 14 Nov 2023 22:13:21 GMT' }), false)
})

test('a tag outweighs the date', () => {
  assert.equal(isSame({ 'if-none-match': '"other"', 'if-modified-since': MODIFIED }), false)
  assert.equal(isSame({ 'if-none-match': '"tag"', 'if-modified-since': EARLIER }), true)
})

test('a client that wants another state gets 412', () => {
  for (const tags of ['"other"', 'W/"tag"', '"a", "b"', '', '"*"']) {
    assert.equal(verdict({ 'if-match': tags }), 'failed', tags)
  }
  for (const tags of ['"tag"', '"a", "tag"', '*', ' * ']) {
    assert.equal(verdict({ 'if-match': tags }), 'met', tags)
  }
})

test('If-Unmodified-Since is met unless the file changed', () => {
  assert.equal(verdict({ 'if-unmodified-since': EARLIER }), 'failed')
  for (const date of [MODIFIED, 'Tue, 14 Nov 2023 22:13:21 GMT', 'yesterday', '']) {
    assert.equal(verdict({ 'if-unmodified-since': date }), 'met', date)
  }
})

test('conditions that must hold come first, and tags before dates', () => {
  assert.equal(verdict({ 'if-match': '"other"', 'if-none-match': '"tag"' }), 'failed')
  assert.equal(verdict({ 'if-match': '"tag"', 'if-none-match': '"tag"' }), 'unmodified')
  assert.equal(verdict({ 'if-match': '"tag"', 'if-unmodified-since': EARLIER }), 'met')
})

test('a date that another state may have does not count', () => {
  const validators = { etag: '"tag"', lastModified: null }
  for (const field of ['if-modified-since', 'if-unmodified-since']) {
    assert.equal(checkConditions({ [field]: MODIFIED }, validators), 'met')
  }
})

test('a weak tag proves the same page, but not the same bytes', () => {
  const weak = { etag: 'W/"tag"', lastModified: null }
  for (const tags of ['W/"tag"', '"tag"', '*']) {
    assert.equal(checkConditions({ 'if-none-match': tags }, weak), 'unmodified', tags)
    assert.equal(checkConditions({ 'if-match': tags }, weak), tags === '*' ? 'met' : 'failed')
  }
})
