import assert from 'node:assert/strict'
import { test } from 'node:test'
import { directoryInfo, torrentOf } from '../../support/torrents.js'
import { ANNOUNCE, codesOf, messagesOf } from './torrent.js'

/** A torrent of a file `d/a` and of a link with the rest of its entry given. */
function torrentWithLink(link: object): Uint8Array {
  const files = [
    { length: 1, path: ['d', 'a'] },
    { length: 0, path: ['l'], attr: 'l', ...link },
  ]
  return torrentOf(directoryInfo(files), ANNOUNCE)
}

for (const target of [['d', 'a'], ['d']]) {
  test(`a link to ${target.join('/')} is fine`, () => {
    assert.deepEqual(codesOf(torrentWithLink({ 'symlink path': target })), [])
  })
}

for (const target of [['..', '..', 'etc'], ['d', '..', 'd'], ['', 'etc'], ['/etc'], ['.']]) {
  test(`a link to ${JSON.stringify(target)} does not stay in the torrent`, () => {
    const torrent = torrentWithLink({ 'symlink path': target })
    assert.deepEqual(messagesOf('link-outside', torrent), [
      `link "l" leads to "${target.join('/')}"`,
    ])
    assert.deepEqual(messagesOf('link-to-nothing', torrent), [])
  })
}

test('a link to what the torrent does not have is found', () => {
  const why = 'link "l" leads to "d/b", which the torrent does not have'
  const torrent = torrentWithLink({ 'symlink path': ['d', 'b'] })
  assert.deepEqual(messagesOf('link-to-nothing', torrent), [why])
})

test('a link that does not say where it leads is found', () => {
  const why = 'link "l" does not say where it leads'
  assert.deepEqual(messagesOf('link-to-nothing', torrentWithLink({})), [why])
})
