import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { readFileList } from '../../../src/cli/arguments/file-list.js'
import { failure } from '../../files/failure.js'
import { inputOf } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'

function readInput(content: string | Uint8Array) {
  return readFileList('-', { stdin: inputOf(content) })
}

test('lines end names, unless there is a NUL', async () => {
  assert.deepEqual((await readInput('a\nb c\n\nd')).files, ['a', 'b c', 'd'])
  assert.deepEqual((await readInput('a\nb\0c\0')).files, ['a\nb', 'c'])
  assert.deepEqual((await readInput('')).files, [])
})

test('a carriage return and a space are parts of a name', async () => {
  assert.deepEqual((await readInput(' a\r\n')).files, [' a\r'])
})

test('a name that is not UTF-8 is refused, and the others are not', async () => {
  const { files, refused } = await readInput(Buffer.from('a\n\xff\nb', 'latin1'))
  assert.deepEqual(files, ['a', 'b'])
  assert.deepEqual(
    refused.map(({ file }) => file),
    ['\\xff'],
  )
  failure('bad-name', '\\xff: the name is not valid UTF-8')(refused[0]?.error)
})

test('a list may be a file', async (t) => {
  const root = makeScratch(t, { list: 'a\nb' })
  const { files } = await readFileList(join(root, 'list'), { stdin: inputOf('') })
  assert.deepEqual(files, ['a', 'b'])
  const gone = join(root, 'gone')
  const missing = failure('not-found', `${gone}: no such file or directory`)
  await assert.rejects(readFileList(gone, { stdin: inputOf('') }), missing)
})
