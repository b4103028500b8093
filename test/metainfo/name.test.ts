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

test('an address is percent-encoded, with a slash at the end of that of a directory', () => {
  assert.equal(directoryAddress('http://m', []), 'http://m/')
  const path = ['a b', 'ü', 'c+d%?#']
  const address = 'http://m/pub/a%20b/%C3%BC/c%2Bd%25%3F%23'
  assert.equal(directoryAddress('http://m/pub', path), `${address}/`)
  assert.equal(fileAddress('http://m/pub', path), address)
})

test('keys that nothing is read from where they are have their names, those in info first', () => {
  const info = singleFileInfo({ x: 1, md5sum: 'a', comment: 'a' })
  const torrent = torrentOf(info, { private: 1, schlüssel: 1, encoding: 'UTF-8' })
  const inInfo = ['info.comment', 'info.md5sum', 'info.x']
  assert.deepEqual(otherKeys(parseMetainfo(torrent)), [
    ...inInfo,
    ...['encoding', 'private', 'schlüssel'],
  ])
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
