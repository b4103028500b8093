import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseReplacement, replaceTracker } from '../../../src/metainfo/edit/tracker-replacement.js'
import { assertRefused } from '../refusal.js'

function replace(text: string, url: string): string {
  return replaceTracker(url, parseReplacement(text))
}

test('OLD ends at the equals sign before the scheme of NEW', () => {
  assert.deepEqual(parseReplacement('http://a/?k=1=udp://b:1/?k=2'), {
    from: 'http://a/?k=1',
    to: 'udp://b:1/?k=2',
  })
})

test('a whole URL is replaced', () => {
  assert.equal(replace('http://a.example/x=udp://b:1', 'http://a.example/x'), 'udp://b:1')
})

test('a beginning is replaced where a part of the URL ends', () => {
  const text = 'http://a.example=https://b.example'
  assert.equal(replace(text, 'http://a.example/announce'), 'https://b.example/announce')
  assert.equal(replace(text, 'http://a.example:80/x'), 'https://b.example:80/x')
  assert.equal(replace(text, 'http://a.example?k=1'), 'https://b.example?k=1')
  assert.equal(replace('http://a/=https://b/t/', 'http://a/x?y'), 'https://b/t/x?y')
  assert.equal(replace('http://=https://', 'http://a/x'), 'https://a/x')
})

test('a beginning elsewhere, or a part in the middle, stays', () => {
  const text = 'http://a.example=http://b.example'
  for (const url of ['http://a.example.org/', 'http://x/http://a.example/', 'https://a.example']) {
    assert.equal(replace(text, url), url)
  }
})

test('what is no OLD=NEW is refused', () => {
  const form = 'not of the form OLD=NEW with NEW a tracker URL'
  for (const text of ['', 'a', 'a=b', '=http://b/', 'http://a/=ftp://b/']) {
    assertRefused(() => parseReplacement(text), 'usage', `replacement '${text}': ${form}`)
  }
  const twice = 'http://a/?u=http://x/=http://b/'
  const reason = "more than one '=' stands before a URL"
  assertRefused(() => parseReplacement(twice), 'usage', `replacement '${twice}': ${reason}`)
})

test('an OLD that ends a part wants a NEW that does, lest two parts grow together', () => {
  const text = 'http://a/=http://b'
  const reason = "OLD ends in '/', so NEW must end in '/', ':' or '?' too"
  assertRefused(() => parseReplacement(text), 'usage', `replacement '${text}': ${reason}`)
})

test('a result that is no tracker is refused', () => {
  assertRefused(
    () => replace('http://=https://', 'http:///x'),
    'metainfo',
    "tracker 'http:///x': would become 'https:///x', which is not a tracker URL",
  )
})
