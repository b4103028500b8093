import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codesOf, messagesOf, torrentOfPaths } from './torrent.js'

function clashes(...paths: string[]): string[] {
  return messagesOf('name-clash', torrentOfPaths(paths))
}

test('names that differ by case alone clash', () => {
  assert.deepEqual(clashes('README', 'b', 'Readme'), [
    '"README" and "Readme" are the same where case or Unicode normalisation is ignored',
  ])
  assert.equal(clashes('ÄÖ', 'äö').length, 1)
})

test('names that differ by Unicode normalisation alone clash', () => {
  assert.equal(clashes('caf\u00e9', 'cafe\u0301').length, 1)
  assert.equal(clashes('CAF\u00c9', 'cafe\u0301').length, 1)
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

test('a hundred thousand names are compared in no time', { timeout: 20_000 }, () => {
  const paths = Array.from({ length: 100_000 }, (_, i) => `${i % 1000}/${i}`)
  assert.deepEqual(codesOf(torrentOfPaths([...paths, '7/X', '7/x'])), ['name-clash'])
})
