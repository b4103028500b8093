import assert from 'node:assert/strict'
import { test } from 'node:test'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { ANNOUNCE, codesOf, messagesOf, torrentOfPaths } from './torrent.js'

test('names of Windows devices are told, with any extension and in any case', () => {
  for (const name of ['CON', 'nul', 'Aux.txt', 'com1', 'LPT9.tar.gz', 'PRN .x', 'com¹']) {
    assert.deepEqual(codesOf(torrentOfPaths([`docs/${name}`])), ['reserved-name'], name)
  }
  for (const name of ['console', 'nul-x', 'com', 'com0', 'com10', 'x.con', 'auxiliary.c']) {
    assert.deepEqual(codesOf(torrentOfPaths([name])), [], name)
  }
})

test('characters that Windows refuses are told, one of a name', () => {
  assert.deepEqual(messagesOf('forbidden-character', torrentOfPaths(['a:b?', 'c'])), [
    'name "a:b?" has ":", which Windows refuses',
  ])
  for (const character of '<>:"|?*\n\x01') {
    assert.deepEqual(codesOf(torrentOfPaths([`a${character}b`])), ['forbidden-character'])
  }
  assert.deepEqual(codesOf(torrentOfPaths([`a;b&c'd`, 'ünï (1) [2] {3}.tar.gz'])), [])
})

test('characters that turn text around are told, one of a name', () => {
  assert.deepEqual(messagesOf('hidden-character', torrentOfPaths(['\u202egnp.exe', 'c'])), [
    'name "\\u{202e}gnp.exe" has "\\u{202e}", which changes the direction of text',
  ])
  for (const character of '\u061c\u200e\u200f\u202a\u2066\u2069') {
    assert.deepEqual(codesOf(torrentOfPaths([`a${character}b`])), ['hidden-character'])
  }
})

test('characters that nobody sees are told', () => {
  assert.deepEqual(messagesOf('hidden-character', torrentOfPaths(['a\u200b.iso'])), [
    'name "a\\u{200b}.iso" has "\\u{200b}", which can\'t be seen',
  ])
  for (const character of '\x7f\x85\xad\u200d\u2028\u2060\u3164\ufe0f\ufeff') {
    assert.deepEqual(codesOf(torrentOfPaths([`a${character}b`])), ['hidden-character'])
  }
})

test('letters of any script and emoji are no hidden characters', () => {
  for (const name of [
    'שלום',
    'سلام',
    'می\u200cخواهم',
    'क्\u200dष',
    '❤\ufe0f',
    '1\ufe0f\u20e3',
    '👩\u200d💻',
  ]) {
    assert.deepEqual(codesOf(torrentOfPaths([name])), [], name)
  }
})

test('names that end with a dot or a space are told, directories too', () => {
  for (const path of ['a.', 'a ', 'dir./a', 'etc...']) {
    assert.deepEqual(codesOf(torrentOfPaths([path])), ['trailing-dot-or-space'], path)
  }
  assert.deepEqual(codesOf(torrentOfPaths(['.a', ' a', 'a. b'])), [])
})

test('a name above 255 bytes of UTF-8 is told', () => {
  assert.deepEqual(codesOf(torrentOfPaths(['ü'.repeat(127), 'a'.repeat(255)])), [])
  assert.deepEqual(codesOf(torrentOfPaths(['ü'.repeat(128)])), ['name-too-long'])
})

test('a path above 4095 bytes is told', () => {
  const path = (length: number) => 'a/'.repeat(length / 2).slice(0, -1) + 'b'.repeat(length % 2)
  // The torrent's name, `dir`, and a slash are part of it
  assert.deepEqual(codesOf(torrentOfPaths([path(4092)])), [])
  assert.deepEqual(codesOf(torrentOfPaths([path(4094)])), ['path-too-long'])
})

test('the name of the torrent is one of the names', () => {
  const torrent = torrentOf(singleFileInfo({ name: 'aux.' }), ANNOUNCE)
  assert.deepEqual(codesOf(torrent), ['reserved-name', 'trailing-dot-or-space'])
  assert.deepEqual(codesOf(torrentOfPaths(['a'], { name: 'x:' })), ['forbidden-character'])
})

test('a name is told once, however many files are below it', () => {
  assert.deepEqual(codesOf(torrentOfPaths(['con/a', 'con/b', 'c/con'])), ['reserved-name'])
})
