import assert from 'node:assert/strict'
import { once } from 'node:events'
import { truncateSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { JobQueue } from '../../../src/mirror/admission/job-queue.js'
import { FileStream, type DownloadReads } from '../../../src/mirror/downloads/routes.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'

const CONTENT = pseudoRandom(300_000, 4)

async function openContent(t: TestContext) {
  const path = join(makeScratch(t, { x: CONTENT }), 'x')
  return { path, handle: await open(path) }
}

const WHOLE = { start: 0, end: CONTENT.length }

/** Reads one after the other. */
function readsOf(): DownloadReads {
  const rules = { maxWaiting: Infinity, maxPerClient: Infinity, small: 0 }
  const queue = new JobQueue({ ...rules, limit: 1 })
  return { run: (read) => queue.run({ size: 0, client: null }, read), isTight: () => false }
}

const ended = (stream: FileStream) => new Promise((resolve) => stream.once('close', resolve))

test('a range of a file is streamed, and the file is closed', async (t) => {
  for (const [start, end] of [
    [0, CONTENT.length],
    [1, 2],
    [65_535, 131_073],
  ] as const) {
    const { handle } = await openContent(t)
    const stream = new FileStream(handle, { start, end }, readsOf())
    const close = ended(stream)
    assert.ok((await buffer(stream)).equals(CONTENT.subarray(start, end)))
    assert.equal(stream.missing, 0)
    await close
    assert.equal(handle.fd, -1)
  }
})

test('the missing bytes of a file that became shorter are reported', async (t) => {
  const { path, handle } = await openContent(t)
  const stream = new FileStream(handle, WHOLE, readsOf())
  truncateSync(path, 100_000)
  assert.equal((await buffer(stream)).length, 100_000)
  assert.equal(stream.missing, 200_000)
})

test('an abandoned stream closes its file, and lets others read', async (t) => {
  const reads = readsOf()
  const given = await openContent(t)
  const stream = new FileStream(given.handle, WHOLE, reads)
  const close = ended(stream)
  stream.read()
  stream.destroy()
  await close
  assert.equal(given.handle.fd, -1)
  const other = new FileStream((await openContent(t)).handle, WHOLE, reads)
  assert.ok((await buffer(other)).equals(CONTENT))
})

test('nothing is read ahead of the client', async (t) => {
  const { handle } = await openContent(t)
  let count = 0
  const reads = readsOf()
  const run = <T>(read: () => Promise<T>) => (count++, reads.run(read))
  const stream = new FileStream(handle, WHOLE, { ...reads, run })
  stream.once('readable', () => {
    stream.read()
  })
  for (let i = 0; i < 100; i++) await setImmediate()
  assert.ok(count <= 2, String(count))
  stream.destroy()
})

test('while slow readers hold much memory, little is read at a time', async (t) => {
  const { handle } = await openContent(t)
  const stream = new FileStream(handle, WHOLE, { ...readsOf(), isTight: () => true })
  stream.read()
  await once(stream, 'readable')
  assert.equal((stream.read() as Buffer).length, 4 * 1024)
  stream.destroy()
})
