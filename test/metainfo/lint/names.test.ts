import assert from 'node:assert/strict'
import { test } from 'node:test'
import { singleFileInfo, torrentOf, directoryInfo } from '../../support/torrents.js'
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
  // Tags without a flag, or with more than the name of a country, are hidden text
  for (const name of ['a\u{e0067}\u{e0062}\u{e007f}', `\u{1f3f4}${'\u{e0067}'.repeat(9)}\u{e007f}`])
    assert.deepEqual(codesOf(torrentOfPaths([name])), ['hidden-character'])
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
    // The flags of England and Scotland
    '\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
    '\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}',
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

function clashes(...paths: string[]): string[] {
  return messagesOf('name-clash', torrentOfPaths(paths))
}

test('names that differ by case or Unicode normalisation alone clash', () => {
  assert.deepEqual(clashes('README', 'b', 'Readme'), [
    '"README" and "Readme" are the same where case or Unicode normalisation is ignored',
  ])
  for (const name of ['ÄÖ', 'äo\u0308', 'ÄO\u0308']) assert.equal(clashes('äö', name).length, 1)
})

test('directories clash, once whatever is in them, and with files', () => {
  assert.deepEqual(clashes('x/Docs/a', 'x/docs/b', 'x/Docs/c', 'x/docs/d'), [
    '"x/Docs" and "x/docs" are the same where case or Unicode normalisation is ignored',
  ])
  assert.equal(clashes('Docs', 'docs!', 'docs/a').length, 1)
})

test('names in different directories do not clash', () => {
  assert.deepEqual(codesOf(torrentOfPaths(['a/README', 'b/readme', 'c', 'd/C', 'e'])), [])
})

test('a path can not be both a file and a directory', () => {
  const torrent = torrentOfPaths(['a/b', 'a!', 'a/b/c'])
  assert.deepEqual(messagesOf('file-and-directory', torrent), [
    'path "a/b" is both a file and a directory',
  ])
  assert.deepEqual(codesOf(torrentOfPaths(['a/b', 'a/bc', 'a/bc d'])), [])
})

test('a file and a directory of one path are found beside names in another case', () => {
  for (const others of [[], ['A'], ['a!'], ['A/x'], ['b']]) {
    const torrent = torrentOfPaths(['a', ...others, 'a/b'])
    assert.deepEqual(messagesOf('file-and-directory', torrent), [
      'path "a" is both a file and a directory',
    ])
  }
  assert.deepEqual(codesOf(torrentOfPaths(['b', 'a/b', 'b.c/a', 'c/b.c'])), [])
})

test('fifty thousand names are compared in no time', { timeout: 20_000 }, () => {
  const paths = Array.from({ length: 50_000 }, (_, i) => `${i % 1000}/${i}`)
  assert.deepEqual(codesOf(torrentOfPaths([...paths, '7/X', '7/x'])), ['name-clash'])
})

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

test('a link in a torrent with a path of very many components is looked up', () => {
  const deep = new Array<string>(50_000).fill('d')
  const link = { path: ['l'], length: 0, attr: 'l', 'symlink path': deep.slice(1) }
  const torrent = torrentOf(directoryInfo([{ path: deep, length: 1 }, link]), ANNOUNCE)
  assert.deepEqual(messagesOf('link-to-nothing', torrent), [])
})
