import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namesTracker } from '../../../../src/tracker/admin/storage/this-tracker.js'

for (const [own, url, isSame] of [
  ['http://t.example/announce', 'udp://T.example:80', true],
  ['https://t.example/announce', 'http://t.example/announce?key=1', true],
  ['http://t.example:6969/announce', 'udp://t.example:6969/announce', true],
  ['http://t.example/announce', 'udp://t.example:6969', false],
  ['http://t.example/announce', 'http://u.example/announce', false],
  ['http://t.example/announce', 'no url', false],
] as const) {
  test(`${url} is ${isSame ? 'the' : 'another'} tracker beside ${own}`, () => {
    assert.equal(namesTracker([url], { urls: [own] }), isSame)
  })
}
