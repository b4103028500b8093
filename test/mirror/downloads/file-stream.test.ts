import assert from 'node:assert/strict'
import { once } from 'node:events'
import { truncateSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { DownloadReads, FileStream } from '../../../src/mirror/downloads/file-stream.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'

const CONTENT = pseudoRandom(300_000, 4)

async function openContent(t: TestContext) {
  const path = join(makeScratch(t, { x: CONTENT }), 'x')
  return { path, handle: await open(path) }
}

const part = (start: number, end: number, lead = '') => ({ lead: Buffer.from(lead), start, end })

const ended = (stream: FileStream) => new Promise((resolve) => stream.once('close', resolve))

test('a range of a file is streamed, and the file is closed', async (t) => {
  for (const [start, end] of [
    [0, CONTENT.length],
    [1, 2],
    [65_535, 131_073],
  ] as const) {
    const { handle } = await openContent(t)
    const stream = new FileStream(handle, [part(start, end)], new DownloadReads(1))
    const close = ended(stream)
    assert.ok((await buffer(stream)).equals(CONTENT.subarray(start, end)))
    assert.equal(stream.missing, 0)
    await close
    assert.equal(handle.fd, -1)
  }
})

test('several ranges come one after the other, each behind its lead', async (t) => {
  const { handle } = await openContent(t)
  const parts = [part(100_000, 299_999, 'one'), part(0, 1, 'two'), part(0, 0, 'end')]
  const stream = new FileStream(handle, parts, new DownloadReads(1))
  assert.equal(stream.missing, 199_999 + 1 + 9)
  const close = ended(stream)
  const one = CONTENT.subarray(100_000, 299_999)
  const expected = Buffer.concat([
    Buffer.from('one'),
    one,
    Buffer.from('two'),
    CONTENT.subarray(0, 1),
    Buffer.from('end'),
  ])
  assert.ok((await buffer(stream)).equals(expected))
  assert.equal(stream.missing, 0)
  await close
  assert.equal(handle.fd, -1)
})

/** Ranges of the file in no order, each behind its number. */
function partsEvery(distance: number, length: number) {
  return Array.from({ length: 256 }, (_, i) => {
    const start = ((i * 7) % 256) * distance
    return part(start, start + length, `<${i}>`)
  })
}

const bytesOfParts = (parts: readonly ReturnType<typeof part>[]) => {
  return Buffer.concat(
    parts.flatMap(({ lead, start, end }) => [lead, CONTENT.subarray(start, end)]),
  )
}

for (const [distance, length] of [
  [10, 3],
  [1000, 1],
  [1000, 999],
  [7, 0],
] as const) {
  test(`256 ranges of ${length} bytes, ${distance} apart, come in order`, async (t) => {
    const { handle } = await openContent(t)
    const parts = [part(5, 200_005, 'large'), ...partsEvery(distance, length), part(0, 0, 'end')]
    const stream = new FileStream(handle, parts, new DownloadReads(1))
    assert.ok((await buffer(stream)).equals(bytesOfParts(parts)))
    assert.equal(stream.missing, 0)
  })
}

test('many tiny ranges near each other are read together', async (t) => {
  const { handle } = await openContent(t)
  let reads = 0
  const read = handle.read.bind(handle)
  const counting = new Proxy(handle, {
    get: (target, name) => {
      if (name === 'close') return () => target.close()
      return (...args: Parameters<typeof read>) => (reads++, read(...args))
    },
  })
  const parts = partsEvery(100, 10)
  const stream = new FileStream(counting, parts, new DownloadReads(1))
  assert.ok((await buffer(stream)).equals(bytesOfParts(parts)))
  assert.ok(reads <= 3, `${reads}`)
})

test('ranges beyond the end of a file that became shorter are not sent', async (t) => {
  const { path, handle } = await openContent(t)
  const parts = [part(0, 10, 'one'), part(99_995, 100_005, 'two'), part(200_000, 200_001, 'three')]
  const stream = new FileStream(handle, parts, new DownloadReads(1))
  truncateSync(path, 100_000)
  const expected = bytesOfParts([part(0, 10, 'one'), part(99_995, 100_000, 'two')])
  assert.ok((await buffer(stream)).equals(expected))
  assert.equal(stream.missing, 5 + 1 + 5)
})

test('the missing bytes of a file that became shorter are reported', async (t) => {
  const { path, handle } = await openContent(t)
  const stream = new FileStream(handle, [part(0, CONTENT.length)], new DownloadReads(1))
  truncateSync(path, 100_000)
  assert.equal((await buffer(stream)).length, 100_000)
  assert.equal(stream.missing, 200_000)
})

test('an abandoned stream closes its file, and lets others read', async (t) => {
  const reads = new DownloadReads(1)
  const whole = [part(0, CONTENT.length)]
  const given = await openContent(t)
  const stream = new FileStream(given.handle, whole, reads)
  const close = ended(stream)
  stream.read()
  stream.destroy()
  await close
  assert.equal(given.handle.fd, -1)
  const other = new FileStream((await openContent(t)).handle, whole, reads)
  assert.ok((await buffer(other)).equals(CONTENT))
})

test('nothing is read ahead of the client', async (t) => {
  const { handle } = await openContent(t)
  let reads = 0
  class Counting extends DownloadReads {
    override run<T>(work: () => Promise<T>): Promise<T> {
      reads++
      return super.run(work)
    }
  }
  const stream = new FileStream(handle, [part(0, CONTENT.length)], new Counting(1))
  stream.once('readable', () => {
    stream.read()
  })
  for (let i = 0; i < 100; i++) await setImmediate()
  assert.ok(reads <= 2, String(reads))
  stream.destroy()
})

test('slow clients together hold only a little more memory', async (t) => {
  const reads = new DownloadReads(1)
  const whole = [part(0, CONTENT.length)]
  const chunkOf = async () => {
    const stream = new FileStream((await openContent(t)).handle, whole, reads)
    stream.read()
    await once(stream, 'readable')
    return { stream, length: (stream.read() as Buffer).length }
  }
  const first = await chunkOf()
  assert.equal(first.length, 64 * 1024)
  reads.held += 128 * 2 ** 20
  const second = await chunkOf()
  assert.equal(second.length, 4 * 1024)
  for (const { stream } of [first, second]) {
    stream.destroy()
    stream.release()
  }
  assert.equal(reads.held, 128 * 2 ** 20)
})
