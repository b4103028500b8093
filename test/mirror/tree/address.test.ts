import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chosenNames, pageLinks, readQuery, requestPath } from '../../../src/mirror/tree/address.js'

test('a query begins at the first question mark', () => {
  assert.equal(readQuery('/a?b?torrent').view, null)
  const { isForList, version, choices } = readQuery('/a/?f=b%3F&hybrid&f=c?&list=&v2')
  assert.deepEqual([isForList, version], [true, 'hybrid'])
  assert.deepEqual(chosenNames({ choices }), ['b?', 'c?'])
  assert.equal(requestPath('http://host?torrent'), '/')
})

/** The directory that a page links to, by the page's address. */
const DIRECTORIES = {
  '/a/x.iso?torrent': './',
  '/a/x.iso.torrent': './',
  '/a/x.iso.torrent?progress': './',
  '/a/x.iso': './',
  '/a/b/?torrent': './',
  '/a/b/?torrent&progress': './',
  '/a/b/': '../',
  '/': './',
  '/-/view/a/x.iso.torrent': '../../../a/',
}

for (const [address, directory] of Object.entries(DIRECTORIES)) {
  test(`the page at ${address} links to the directory ${directory}`, () => {
    assert.equal(pageLinks(address).directory, directory)
  })
}
