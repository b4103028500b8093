import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatDhtNode,
  parseDhtNode,
  directoryAddress,
  fileAddress,
} from '../../src/metainfo/trackers.js'
import { checkName, checkNameOnDisk } from '../../src/metainfo/name.js'
import { otherKeys } from '../../src/metainfo/other-keys.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { WarningList } from '../../src/metainfo/warning.js'
import { singleFileInfo, torrentOf } from '../support/torrents.js'
import { assertRefused } from './refusal.js'

for (const name of ['a', 'é.iso', '...', '.hidden', '~', 'a b', 'a\nb', '-x', 'C:']) {
  test(`${JSON.stringify(name)} is a name`, () => {
    assert.equal(checkName(name), name)
  })
}

for (const name of ['', '.', '..', '/', 'a/b', '/a', 'a/', 'a\\b', '\\', 'a\0b']) {
  test(`${JSON.stringify(name)} is no name that every client can save under`, () => {
    const message = `name '${name}': must be a single path component`
    assertRefused(() => checkName(name), 'bad-name', message)
  })
}

test('a name on a disk may have a backslash, but is a single path component', () => {
  assert.equal(checkNameOnDisk('foo\\x2dbar'), 'foo\\x2dbar')
  for (const name of ['', '..', 'a/b', 'a\0b']) {
    const message = `name '${name}': must be a single path component`
    assertRefused(() => checkNameOnDisk(name), 'bad-name', message)
  }
})

for (const [text, host, port] of [
  ['router.example:6881', 'router.example', 6881],
  ['192.0.2.1:1', '192.0.2.1', 1],
  ['[2001:db8::1]:65535', '2001:db8::1', 65535],
  ['[::ffff:192.0.2.1]:80', '::ffff:192.0.2.1', 80],
] as const) {
  test(`${text} is a node`, () => {
    assert.deepEqual(parseDhtNode(text), { host, port })
    assert.equal(formatDhtNode({ host, port }), text)
  })
}

for (const text of [
  '',
  'host',
  'host:',
  ':6881',
  'host:0',
  'host:65536',
  'host:123456',
  'host:x',
  'host:-1',
  'host:80 ',
  'a b:80',
  '2001:db8::1:80',
  '[2001:db8::1]',
  '[host]:80',
  'http://host:80',
]) {
  test(`'${text}' is no node`, () => {
    assertRefused(() => parseDhtNode(text), 'usage', `node '${text}': not of the form HOST:PORT`)
  })
}

test('the address of a directory is percent-encoded, with a slash at its end', () => {
  assert.equal(directoryAddress('http://m', []), 'http://m/')
  assert.equal(
    directoryAddress('http://m/pub', ['a b', 'ü', 'c+d%']),
    'http://m/pub/a%20b/%C3%BC/c%2Bd%25/',
  )
  assert.equal(directoryAddress('http://m', ['a?b#c']), 'http://m/a%3Fb%23c/')
})

test('the address of a file is percent-encoded, and has no slash at its end', () => {
  assert.equal(fileAddress('http://m', ['a b.iso']), 'http://m/a%20b.iso')
  assert.equal(fileAddress('http://m/pub', ['ü', 'c#d?']), 'http://m/pub/%C3%BC/c%23d%3F')
})

test('keys that nothing is read from are named, those in info first', () => {
  const torrent = torrentOf(singleFileInfo({ x: 1, md5sum: 'a' }), { zz: 1, encoding: 'UTF-8' })
  assert.deepEqual(otherKeys(parseMetainfo(torrent)), ['info.md5sum', 'info.x', 'encoding', 'zz'])
})

test('keys that are known beside info are others in it', () => {
  const torrent = torrentOf(singleFileInfo({ comment: 'a' }), { private: 1 })
  assert.deepEqual(otherKeys(parseMetainfo(torrent)), ['info.comment', 'private'])
})

test('a key is named in its letters', () => {
  const torrent = torrentOf(singleFileInfo(), { schlüssel: 1 })
  assert.deepEqual(otherKeys(parseMetainfo(torrent)), ['schlüssel'])
})

function countOf(list: WarningList): number {
  return list.toArray().length
}

test('fifty of a kind are kept, the rest are counted and not even described', () => {
  const list = new WarningList()
  let described = 0
  for (let at = 0; at < 50; at += 1) list.add('not-utf8', () => `${(described += 1)}`)
  assert.equal(countOf(list), 50)
  for (let at = 0; at < 7; at += 1) list.add('not-utf8', () => `${(described += 1)}`)
  list.add('unsafe-path', () => 'another kind')
  assert.equal(described, 50)
  assert.deepEqual(list.toArray().slice(-2), [
    { code: 'unsafe-path', message: 'another kind' },
    { code: 'not-utf8', message: 'and 7 more like these (not-utf8)' },
  ])
})
