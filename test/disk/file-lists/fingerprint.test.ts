import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { readFingerprintIfThere } from '../../../src/disk/file-lists/fingerprint.js'
import { collectBounded, readWhole, readStart } from '../../../src/disk/look/read-bounded.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { failure, unlessWindows } from '../failure.js'
import { makeScratch } from '../../support/scratch.js'

for (const size of [0, 1, 65536, 65537, 300_000]) {
  test(`a file of ${size} bytes is read whole, if that many are allowed`, (t) => {
    const path = join(makeScratch(t), 'file')
    writeFileSync(path, pseudoRandom(size))
    assert.deepEqual(Buffer.from(readWhole(path, size, { mayWait: true })), pseudoRandom(size))
    if (size === 0) return
    const message = `${path}: larger than the limit of ${size - 1} bytes`
    assert.throws(() => readWhole(path, size - 1, { mayWait: true }), failure('too-large', message))
  })
}

test('what is not there and what is a directory are errors', (t) => {
  const directory = makeScratch(t)
  const missing = join(directory, 'missing')
  const message = `${missing}: no such file or directory`
  assert.throws(() => readWhole(missing, 5, { mayWait: true }), failure('not-found', message))
  assert.throws(() => readWhole(directory, 2 ** 30, { mayWait: true }), { code: 'io' })
})

test('an entry that the system does not look at is an error that names it', unlessWindows, (t) => {
  const loop = join(makeScratch(t), 'loop')
  symlinkSync('loop', loop)
  const message = `${loop}/a: too many symbolic links encountered`
  assert.throws(() => readFingerprintIfThere(join(loop, 'a')), failure('io', message))
  assert.equal(readFingerprintIfThere(`${loop}s`), null)
})

for (const [what, make] of [
  ['a pipe', (path: string) => execFileSync('mkfifo', [path])],
  [
    'a link to a device without end',
    (path: string) => {
      symlinkSync('/dev/zero', path)
    },
  ],
] as const) {
  test(`${what} is not read for a regular file, nor waited for`, unlessWindows, (t) => {
    const path = join(makeScratch(t), 'file')
    make(path)
    const error = failure('io', `${path}: not a regular file`)
    assert.throws(() => readWhole(path, 5), error)
    assert.throws(() => readStart(path, 5), error)
  })
}

test('a socket is not read for a regular file', unlessWindows, async (t) => {
  const path = join(makeScratch(t), 'socket')
  const server = createServer().listen(path)
  await once(server, 'listening')
  t.after(() => server.close())
  assert.throws(() => readWhole(path, 5), failure('io', `${path}: not a regular file`))
})

test('a link to nothing but emptiness is read as an empty file', unlessWindows, (t) => {
  const path = join(makeScratch(t), 'link')
  symlinkSync('/dev/null', path)
  assert.equal(readWhole(path, 5).length, 0)
})

async function* streamOf(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk))
}

test('a stream is collected up to its limit', async () => {
  assert.equal(Buffer.from(await collectBounded(streamOf('ab', 'c'), 'x', 3)).toString(), 'abc')
  const message = 'x: larger than the limit of 2 bytes'
  await assert.rejects(collectBounded(streamOf('ab', 'c'), 'x', 2), failure('too-large', message))
})

test('a stream without end is given up at the limit', { timeout: 60_000 }, async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield await Promise.resolve(Buffer.alloc(1024))
  }
  await assert.rejects(collectBounded(endless(), 'x', 100_000), { code: 'too-large' })
})
