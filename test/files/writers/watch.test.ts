import assert from 'node:assert/strict'
import {
  chmodSync,
  linkSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { watchWrites } from '../../../src/files/open-writers/watch.js'
import { makeScratch } from '../../support/scratch.js'
import { prepareWriters, unlessLongWrites, unlessWritersTell } from '../../support/writers.js'

async function watch(t: TestContext, ...paths: string[]) {
  const watching = await watchWrites(paths)
  t.after(() => watching.close())
  return () => [...watching.written()]
}

test(
  'a file that is left alone, read or given other modes was not written to',
  unlessWritersTell,
  async (t) => {
    const path = join(makeScratch(t, { a: 'content' }), 'a')
    const written = await watch(t, path)
    readFileSync(path)
    chmodSync(path, 0o600)
    assert.deepEqual(written(), [])
  },
)

test(
  'a write is told of when it is done, and the end of the writer',
  unlessWritersTell,
  async (t) => {
    const startWriter = prepareWriters(t)
    const path = join(makeScratch(t, { a: 'content' }), 'a')
    const writer = startWriter('descriptor', path)
    const writtenFromStart = await watch(t, path)
    await writer.step()
    assert.deepEqual(writtenFromStart(), [])
    await writer.step()
    assert.deepEqual(writtenFromStart(), [path])
    const writtenSince = await watch(t, path)
    assert.deepEqual(writtenSince(), [])
    await writer.step()
    assert.deepEqual(writtenSince(), [path])
  },
)

test('a write is told of when it is done, however long it took', unlessLongWrites, async (t) => {
  const startWriter = prepareWriters(t)
  const path = join(makeScratch(t, { a: 'content' }), 'a')
  const writer = startWriter('long', path)
  await writer.step()
  const written = await watch(t, path)
  await writer.step()
  assert.deepEqual(written(), [])
  await writer.step()
  assert.deepEqual(written(), [path])
})

test('a write past the page cache is told of', unlessWritersTell, async (t) => {
  const startWriter = prepareWriters(t)
  const path = join(makeScratch(t, { a: 'content' }), 'a')
  const writer = startWriter('direct', path)
  await writer.step()
  const written = await watch(t, path)
  await writer.step()
  assert.deepEqual(written(), [path])
})

test('of a mapping only its end is told', unlessWritersTell, async (t) => {
  const startWriter = prepareWriters(t)
  const path = join(makeScratch(t, { a: 'content' }), 'a')
  const writer = startWriter('mapping', path)
  await writer.step()
  const written = await watch(t, path)
  await writer.step()
  await writer.step()
  assert.deepEqual(written(), [])
  await writer.step()
  assert.deepEqual(written(), [path])
})

test(
  'a write through another name of the file is told of by both',
  unlessWritersTell,
  async (t) => {
    const root = makeScratch(t, { a: 'content', other: 'content' })
    const [a, b, other] = ['a', 'b', 'other'].map((name) => join(root, name)) as [
      string,
      string,
      string,
    ]
    linkSync(a, b)
    const written = await watch(t, a, b, other)
    truncateSync(a, 1)
    assert.deepEqual(written().sort(), [a, b])
  },
)

test(
  'all files count as written to when more happened than the system keeps',
  unlessWritersTell,
  async (t) => {
    const root = makeScratch(t, { a: 'content', b: 'content', quiet: 'content' })
    const paths = ['a', 'b', 'quiet'].map((name) => join(root, name))
    const written = await watch(t, ...paths)
    const limit = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'))
    // In turn, since the same event again takes no room
    for (let i = 0; i <= limit; i++) truncateSync(paths[i % 2]!, i % 5)
    assert.deepEqual(written().sort(), paths)
  },
)

test('what is not there, or a link, is not watched, and what is removed is no longer', async (t) => {
  const root = makeScratch(t, { a: 'content', gone: 'content' })
  const [a, gone, link] = ['a', 'gone', 'link'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ]
  symlinkSync('a', link)
  const written = await watch(t, link, gone, join(root, 'missing'))
  truncateSync(a, 1)
  rmSync(gone)
  assert.ok(!written().some((path) => path !== gone))
})

test('without the native addon nothing is told', async (t) => {
  const path = join(makeScratch(t, { a: 'content' }), 'a')
  const watching = await watchWrites([path], null)
  truncateSync(path, 1)
  assert.equal(watching.written().size, 0)
  await watching.close()
})

test(
  'watches are given up off the event loop, all by the time that is waited for',
  unlessWritersTell,
  async (t) => {
    const path = join(makeScratch(t, { a: 'content' }), 'a')
    const before = countWatches()
    const watches = await Promise.all([watchWrites([path]), watchWrites([path])])
    assert.equal(countWatches(), before + 2)
    const closed = watches.map((watching) => watching.close())
    assert.equal(countWatches(), before + 2)
    await Promise.all(closed)
    assert.equal(countWatches(), before)
  },
)

/** The descriptors of inotify(7) that this process has open. */
function countWatches(): number {
  const targets = readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`)
    } catch {
      // The one of the directory itself
      return ''
    }
  })
  return targets.filter((target) => target.includes('inotify')).length
}
