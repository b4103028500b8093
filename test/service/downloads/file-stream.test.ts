import assert from 'node:assert/strict'
import { truncateSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ConcurrencyLimit } from '../../../src/files/concurrency-limit.js'
import { FileStream } from '../../../src/service/downloads/file-stream.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'

const CONTENT = pseudoRandom(300_000, 4)

async function openContent(t: TestContext) {
  const path = join(makeScratch(t, { x: CONTENT }), 'x')
  return { path, handle: await open(path) }
}

const ended = (stream: FileStream) => new Promise((resolve) => stream.once('close', resolve))

test('a stretch of a file is streamed, and the file is closed', async (t) => {
  for (const [start, end] of [
    [0, CONTENT.length],
    [1, 2],
    [65_535, 131_073],
  ] as const) {
    const { handle } = await openContent(t)
    const stream = new FileStream(handle, { start, end }, new ConcurrencyLimit(1))
    const close = ended(stream)
    assert.ok((await buffer(stream)).equals(CONTENT.subarray(start, end)))
    assert.equal(stream.missing, 0)
    await close
    assert.equal(handle.fd, -1)
  }
})

test('what is missing of a file that got shorter is told', async (t) => {
  const { path, handle } = await openContent(t)
  const stream = new FileStream(handle, { start: 0, end: CONTENT.length }, new ConcurrencyLimit(1))
  truncateSync(path, 100_000)
  assert.equal((await buffer(stream)).length, 100_000)
  assert.equal(stream.missing, 200_000)
})

test('a stream that is given up closes its file, and lets others read', async (t) => {
  const reads = new ConcurrencyLimit(1)
  const range = { start: 0, end: CONTENT.length }
  const given = await openContent(t)
  const stream = new FileStream(given.handle, range, reads)
  const close = ended(stream)
  stream.read()
  stream.destroy()
  await close
  assert.equal(given.handle.fd, -1)
  const other = new FileStream((await openContent(t)).handle, range, reads)
  assert.ok((await buffer(other)).equals(CONTENT))
})

test('no more is read than the client takes', async (t) => {
  const { handle } = await openContent(t)
  let reads = 0
  class Counting extends ConcurrencyLimit {
    override run<T>(work: () => Promise<T>): Promise<T> {
      reads++
      return super.run(work)
    }
  }
  const stream = new FileStream(handle, { start: 0, end: CONTENT.length }, new Counting(1))
  stream.once('readable', () => {
    stream.read()
  })
  for (let i = 0; i < 100; i++) await setImmediate()
  assert.ok(reads <= 2, String(reads))
  stream.destroy()
})
