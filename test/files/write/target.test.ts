import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { findWriteTarget } from '../../../src/files/write/target.js'
import { failure, unlessWindows } from '../failure.js'
import { makeTemporaryDirectory, plantTree } from '../temporary-directory.js'

test('a file that is there has a mode, one yet to be has none', unlessWindows, async (t) => {
  const root = plantTree(t, ['a'])
  chmodSync(join(root, 'a'), 0o640)
  const there = { kind: 'file', path: join(root, 'a'), mode: 0o640 }
  assert.deepEqual(await findWriteTarget(join(root, 'a')), there)
  const missing = { kind: 'file', path: join(root, 'b'), mode: undefined }
  assert.deepEqual(await findWriteTarget(join(root, 'b')), missing)
})

test('a link stands for what it points to, there or not, however far', async (t) => {
  const root = plantTree(t, ['d/a', 'd/f/b'])
  symlinkSync('a', join(root, 'd/one'))
  symlinkSync('d/one', join(root, 'two'))
  symlinkSync('d/f', join(root, 'e'))
  symlinkSync('../new', join(root, 'd/f/three'))
  symlinkSync('e/three', join(root, 'four'))
  assert.equal((await findWriteTarget(join(root, 'two'))).path, join(root, 'd/a'))
  assert.equal((await findWriteTarget(join(root, 'four'))).path, join(root, 'd/new'))
})

test('a link in a circle is an error', async (t) => {
  const root = makeTemporaryDirectory(t)
  symlinkSync('circle', join(root, 'circle'))
  await assert.rejects(
    findWriteTarget(join(root, 'circle')),
    failure('io', `${join(root, 'circle')}: too many symbolic links encountered`),
  )
})

test('devices and open descriptors are streams', unlessWindows, async () => {
  for (const path of ['/dev/null', '/dev/stdout', '/dev/stderr']) {
    const { kind, path: found } = await findWriteTarget(path)
    assert.deepEqual([kind, found], ['stream', path])
  }
})

test('a directory and a socket can not be written to', unlessWindows, async (t) => {
  const root = makeTemporaryDirectory(t)
  mkdirSync(join(root, 'd'))
  const directory = join(root, 'd')
  await assert.rejects(findWriteTarget(directory), failure('io', `${directory}: is a directory`))
  const socket = join(root, 'socket')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  t.after(() => server.close())
  await assert.rejects(findWriteTarget(socket), failure('io', `${socket}: not a regular file`))
})
