import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isSuspect, readNames, refuseMangledName } from '../../../src/files/scan/read-names.js'
import { failure } from '../failure.js'
import { makeTemporaryDirectory, plantTree } from '../temporary-directory.js'

const onlyLinux = { skip: process.platform !== 'linux' && 'file systems here take UTF-8 only' }

function plantBytes(directory: string, name: number[]): void {
  writeFileSync(Buffer.from([...Buffer.from(`${directory}/`), ...name]), '')
}

test('names come sorted by bytes', (t) => {
  const root = plantTree(t, ['\u{1F600}', '\uFF5E', 'é', 'z', 'B', 'a'])
  assert.deepEqual(readNames(root), ['B', 'a', 'z', 'é', '\uFF5E', '\u{1F600}'])
})

test('a name that is not UTF-8 is refused with its bad bytes spelt out', onlyLinux, (t) => {
  const root = makeTemporaryDirectory(t)
  plantBytes(root, [0x61, 0xe9, 0xc3, 0xa9, 0xff, 0x7a, 0xf0, 0x9f, 0x98])
  const [name = ''] = readNames(root)
  assert.ok(isSuspect(name))
  assert.throws(
    () => {
      refuseMangledName(root, name, 'tree/')
    },
    failure('bad-name', 'tree/a\\xe9é\\xffz\\xf0\\x9f\\x98: the name is not valid UTF-8'),
  )
})

test('a name that holds U+FFFD itself is fine, with a bad one beside it too', onlyLinux, (t) => {
  const root = plantTree(t, ['a\uFFFD'])
  plantBytes(root, [0x62, 0xff])
  assert.ok(isSuspect('a\uFFFD'))
  refuseMangledName(root, 'a\uFFFD', join(root, '/'))
})
