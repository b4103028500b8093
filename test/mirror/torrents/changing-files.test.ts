import assert from 'node:assert/strict'
import { rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { plantFiles } from '../../support/scratch.js'
import { holdHashing } from '../../support/held-hashing.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { Clock } from '../clock.js'
import { pick, planted, referenceFiles } from '../app/reference-mirror.js'
import { readHashedBytes, readMetric } from '../read-metric.js'
import {
  directoryUrl,
  multiFileInfo,
  singleFileInfo,
  torrentAround,
} from '../app/reference-rules.js'
import { get, post, singleAddress } from '../app/yum-client.js'
import { until } from '../../support/until.js'
import { TRACKER } from '../../support/torrents.js'

const OLD = { path: '/yum/a.rpm', content: Buffer.from('the old content') }
const NEW = { path: '/yum/a.rpm', content: Buffer.from('the new content') }
const OTHER = { path: '/yum/b.rpm', content: Buffer.alloc(1_100_000, 'other') }
const PATHS = [OLD.path, OTHER.path]

async function serveWithClock(t: TestContext, clock = new Clock()) {
  const files = planted([OLD, OTHER])
  const served = await serveMirror(t, { files, io: clock })
  const setTorrent = (file: typeof OLD) => {
    return torrentAround(multiFileInfo([file, OTHER]), [TRACKER], [`${served.address}/`])
  }
  return { ...served, clock, setTorrent }
}

test('a change that keeps the size and the time of the file is noticed', async (t) => {
  const { port, root, clock, setTorrent } = await serveWithClock(t)
  const path = join(root, OLD.path)
  utimesSync(path, 1_600_000_000, 1_600_000_000)
  assert.deepEqual((await post(port, PATHS)).body, setTorrent(OLD))
  plantFiles(root, planted([NEW]))
  utimesSync(path, 1_600_000_000, 1_600_000_000)
  clock.jump()
  assert.deepEqual((await get(port, PATHS)).body, setTorrent(NEW))
})

test('a changed file is noticed as quickly after the clock was set back', async (t) => {
  const { port, root, clock, setTorrent } = await serveWithClock(t)
  assert.deepEqual((await post(port, PATHS)).body, setTorrent(OLD))
  clock.setBack(3_600_000)
  plantFiles(root, planted([NEW]))
  clock.jump()
  assert.deepEqual((await get(port, PATHS)).body, setTorrent(NEW))
})

test('a file with a future date has a torrent', async (t) => {
  const { port, setTorrent } = await serveWithClock(t, new Clock(-3_600_000))
  assert.deepEqual((await post(port, PATHS)).body, setTorrent(OLD))
})

test('a changed file makes a new torrent of a known set, and only it is read again', async (t) => {
  const { port, root, clock, setTorrent } = await serveWithClock(t)
  await post(port, PATHS)
  const before = await readHashedBytes(port)
  plantFiles(root, planted([NEW]))
  clock.jump()
  const changed = await get(port, PATHS)
  assert.equal(changed.status, 200)
  assert.deepEqual(changed.body, setTorrent(NEW))
  const block = 2 ** 20
  assert.ok((await readHashedBytes(port)) - before <= block, 'the other file was read again')
})

test('the torrent of a single file changes with its file, too', async (t) => {
  const { port, root, clock, address } = await serveWithClock(t)
  const torrentOf = (file: typeof OLD) => {
    return torrentAround(singleFileInfo(file), [TRACKER], [directoryUrl(address, file.path)])
  }
  assert.deepEqual((await ask(port, singleAddress(OLD.path))).body, torrentOf(OLD))
  plantFiles(root, planted([NEW]))
  clock.jump()
  assert.deepEqual((await ask(port, singleAddress(OLD.path))).body, torrentOf(NEW))
})

test('a file that goes before it is read leaves the set, and the others have their torrent', async (t) => {
  const { port, root, address } = await serveWithClock(t)
  const held = holdHashing(t)
  const asked = post(port, ['/yum/*.rpm'])
  await until('it is to be hashed', () => held.asked().length > 0)
  rmSync(join(root, OLD.path))
  held.release()
  const { status, body } = await asked
  assert.equal(status, 200)
  const expected = torrentAround(multiFileInfo([OTHER]), [TRACKER], [`${address}/`])
  assert.deepEqual(body, expected)
})

test('a new file that matches a glob joins the set', async (t) => {
  const { port, root, clock, address } = await serveWithClock(t)
  await post(port, ['/yum/*.rpm'])
  const more = { path: '/yum/aa.rpm', content: Buffer.from('more') }
  plantFiles(root, planted([more]))
  clock.jump()
  const info = multiFileInfo([OLD, more, OTHER])
  const { body } = await get(port, ['/yum/*.rpm'])
  assert.deepEqual(body, torrentAround(info, [TRACKER], [`${address}/`]))
})

test('a set with a missing file is 404 that names it, until the file is back', async (t) => {
  const { port, root, clock, setTorrent } = await serveWithClock(t)
  await post(port, PATHS)
  rmSync(join(root, OLD.path))
  clock.jump()
  for (const answer of [await get(port, PATHS), await post(port, PATHS)]) {
    assert.equal(answer.status, 404)
    assert.match(answer.body.toString(), /\/yum\/a\.rpm/)
  }
  plantFiles(root, planted([OLD]))
  clock.jump()
  assert.deepEqual((await get(port, PATHS)).body, setTorrent(OLD))
})

test('a set that could never be made is not remembered', async (t) => {
  const { port } = await serveWithClock(t)
  const paths = ['/yum/a.rpm', '/yum/none.rpm']
  assert.equal((await post(port, paths)).status, 404)
  assert.equal((await get(port, paths)).status, 412)
})

test('after a restart sets are known, and no content is read for them', async (t) => {
  const files = referenceFiles()
  const sets = [1, 2, 5, 7].map((count) => pick(files.slice(1, -1), count, count))
  const before = await serveMirror(t, { files: planted(files) })
  const answers = []
  for (const set of sets) {
    answers.push(
      await post(
        before.port,
        set.map(({ path }) => path),
      ),
    )
  }
  await ask(before.port, singleAddress('/yum/3/ümläut.rpm'))
  await before.stop()
  const after = await serveMirror(t, { root: before.root, cacheDir: before.cacheDir })
  for (const [i, set] of sets.entries()) {
    const paths = set.map(({ path }) => path)
    const { status, headers } = await get(after.port, paths)
    assert.equal(status, 200)
    const name = 'content-disposition'
    assert.equal(headers[name], answers[i]!.headers[name])
  }
  assert.equal((await ask(after.port, singleAddress('/yum/3/ümläut.rpm'))).status, 200)
  assert.equal(await readHashedBytes(after.port), 0)
  assert.equal(await readMetric(after.port, 'btkit_torrents_total{from="files"}'), 0)
})

test("changes during the service's downtime are noticed", async (t) => {
  const { port, root, cacheDir, stop } = await serveWithClock(t)
  await post(port, PATHS)
  await stop()
  plantFiles(root, planted([NEW]))
  const after = await serveMirror(t, { root, cacheDir })
  const expected = torrentAround(multiFileInfo([NEW, OTHER]), [TRACKER], [`${after.address}/`])
  assert.deepEqual((await get(after.port, PATHS)).body, expected)
})
