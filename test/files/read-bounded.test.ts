import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { collectBounded, readBounded } from '../../src/files/read-bounded.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { failure } from './failure.js'
import { makeTemporaryDirectory } from './temporary-directory.js'

for (const size of [0, 1, 65536, 65537, 300_000]) {
  test(`a file of ${size} bytes is read whole, if that many are allowed`, (t) => {
    const path = join(makeTemporaryDirectory(t), 'file')
    writeFileSync(path, pseudoRandom(size))
    assert.deepEqual(Buffer.from(readBounded(path, size)), pseudoRandom(size))
    if (size === 0) return
    const message = `${path}: larger than the limit of ${size - 1} bytes`
    assert.throws(() => readBounded(path, size - 1), failure('too-large', message))
  })
}

test('what is not there and what is a directory are errors', (t) => {
  const directory = makeTemporaryDirectory(t)
  const missing = join(directory, 'missing')
  const message = `${missing}: no such file or directory`
  assert.throws(() => readBounded(missing, 5), failure('not-found', message))
  assert.throws(() => readBounded(directory, 2 ** 30), { code: 'io' })
})

async function* streamOf(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk))
}

test('a stream is collected up to its limit', async () => {
  assert.equal(Buffer.from(await collectBounded(streamOf('ab', 'c'), 'x', 3)).toString(), 'abc')
  const message = 'x: larger than the limit of 2 bytes'
  await assert.rejects(collectBounded(streamOf('ab', 'c'), 'x', 2), failure('too-large', message))
})

test('a stream without end is given up at the limit', { timeout: 5000 }, async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield await Promise.resolve(Buffer.alloc(1024))
  }
  await assert.rejects(collectBounded(endless(), 'x', 100_000), { code: 'too-large' })
})
