import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkName, checkNameOnDisk } from '../../src/metainfo/name.js'
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
