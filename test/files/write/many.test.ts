import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createWriter } from '../../../src/files/write/many.js'
import { failure } from '../failure.js'
import { makeTemporaryDirectory } from '../temporary-directory.js'

test('many files in several directories are written whole, and nothing else is left', async (t) => {
  const root = makeTemporaryDirectory(t)
  const names = Array.from({ length: 200 }, (_, i) => `${i % 3}/${i}`)
  for (const directory of ['0', '1', '2']) mkdirSync(join(root, directory))
  const writer = createWriter({ inFlight: 8 })
  await Promise.all(names.map((name) => writer.write(join(root, name), Buffer.from(name), {})))
  for (const name of names) assert.equal(readFileSync(join(root, name), 'utf8'), name)
  const found = ['0', '1', '2'].flatMap((directory) => readdirSync(join(root, directory)))
  assert.equal(found.length, 200)
})

test('no more are in flight than allowed, and those that wait keep their order', async (t) => {
  const root = makeTemporaryDirectory(t)
  const writer = createWriter({ inFlight: 1 })
  const done: number[] = []
  const writes = [0, 1, 2, 3].map(async (i) => {
    await writer.write(join(root, 'same'), Buffer.from(String(i)), {})
    done.push(i)
  })
  await Promise.all(writes)
  assert.deepEqual(done, [0, 1, 2, 3])
  assert.equal(readFileSync(join(root, 'same'), 'utf8'), '3')
})

test('a write that fails says so, and the others are done', async (t) => {
  const root = makeTemporaryDirectory(t)
  const writer = createWriter({ inFlight: 2 })
  const gone = join(root, 'gone', 'a')
  const writes = [gone, gone, gone, join(root, 'b')].map((path) =>
    writer.write(path, Buffer.from('x'), {}),
  )
  const ends = await Promise.allSettled(writes)
  assert.deepEqual(
    ends.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected', 'fulfilled'],
  )
  const [first] = ends
  assert.ok(first?.status === 'rejected')
  failure('not-found', `${gone}: no such file or directory`)(first.reason)
  assert.deepEqual(readdirSync(root), ['b'])
})

test('closing waits for all, failed ones too', async (t) => {
  const root = makeTemporaryDirectory(t)
  const writer = createWriter({ inFlight: 2 })
  let count = 0
  for (let i = 0; i < 20; i++) {
    const path = join(root, i % 5 === 0 ? `gone/${i}` : `${i}`)
    writer.write(path, Buffer.from('x'), {}).then(
      () => count++,
      () => count++,
    )
  }
  await writer.close()
  await Promise.resolve()
  assert.equal(count, 20)
  await createWriter({ inFlight: 1 }).close()
})
