import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask } from '../ask.js'
import { get, post, singleAddress } from '../app/yum-client.js'
import { readHashedBytes, readMetric } from '../read-metric.js'
import { holdHashing } from '../../support/held-hashing.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch, plantFiles, plantHuge } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { until } from '../../support/until.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import type { Content } from '../../../src/core/digests/content.js'
import { FileColumns } from '../../../src/disk/file-lists/columns.js'
import { padFile } from '../../../src/disk/file-lists/scanned-file.js'
import { isQuiet } from '../../../src/mirror/torrents/file-changes.js'
import { longTest } from '../../support/long.js'

const MIB = 2 ** 20
const GIB = 2 ** 30

test('many equal requests at once are one work, and all get its answer', async (t) => {
  const files = { 'yum/a.rpm': pseudoRandom(4 * MIB, 1), 'yum/b.rpm': pseudoRandom(MIB + 5, 2) }
  const { port } = await serveMirror(t, { files })
  const paths = ['/yum/a.rpm', '/yum/b.rpm']
  const answers = await Promise.all(Array.from({ length: 200 }, () => post(port, paths)))
  const [first] = answers
  assert.equal(first!.status, 200)
  for (const { status, body, headers } of answers) {
    assert.equal(status, 200)
    assert.ok(body.equals(first!.body))
    assert.equal(headers.etag, first!.headers.etag)
  }
  assert.equal(await readHashedBytes(port), 5 * MIB + 5)
  assert.equal(await readMetric(port, 'btkit_torrents_total{from="files"}'), 1)
})

test('a file alone and in several sets, all at once, is read once', async (t) => {
  const files = { 'yum/a.rpm': 'a', 'yum/b.rpm': 'bb', 'yum/c.rpm': 'ccc' }
  const root = makeScratch(t, files)
  plantHuge(`${root}/yum`, 'shared.iso', 256 * MIB)
  const { port } = await serveMirror(t, { root })
  const names = ['a', 'b', 'c']
  const answers = await Promise.all([
    ask(port, singleAddress('/yum/shared.iso')),
    ...names.map((name) => post(port, ['/yum/shared.iso', `/yum/${name}.rpm`])),
  ])
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  )
  assert.equal(await readHashedBytes(port), 256 * MIB + 1 + 2 + 3)
})

test('all who wait get a failure, and the next request tries again', async (t) => {
  const { port, root } = await serveMirror(t, { files: { 'yum/a.rpm': 'a' } })
  const paths = ['/yum/a.rpm', '/yum/later.rpm']
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(port, paths)))
  assert.ok(answers.every(({ status }) => status === 404))
  plantFiles(root, { 'yum/later.rpm': 'later' })
  assert.equal((await post(port, paths)).status, 200)
})

test('a client that cannot wait is told when to try again, and the work goes on', async (t) => {
  const held = holdHashing(t)
  const files = { 'iso/huge.iso': pseudoRandom(MIB), 'iso/readme': 'r' }
  const { port } = await serveMirror(t, { files, args: ['--max-wait', '0.1'] })
  const paths = ['/iso/huge.iso', '/iso/readme']
  const { status, headers, body } = await post(port, paths)
  assert.equal(status, 503)
  assert.match(headers['retry-after'] ?? '', /^[1-9]\d*$/)
  assert.match(body.toString(), /try again in \d+ s\n$/)
  held.release()
  await until('made', async () => (await get(port, paths)).status === 200)
  assert.equal(held.abandoned(), 0)
  assert.equal(await readHashedBytes(port), MIB + 1)
  assert.equal(await readMetric(port, 'btkit_torrents_total{from="files"}'), 1)
})

longTest('known torrents do not wait for hashing', async (t) => {
  const root = makeScratch(t, { 'iso/readme': 'r' })
  plantHuge(`${root}/iso`, 'huge.iso', 64 * GIB)
  const { port, stop } = await serveMirror(t, { root, limits: { maxHashing: 1 } })
  const readme = singleAddress('/iso/readme')
  assert.equal((await ask(port, readme)).status, 200)
  const huge = ask(port, singleAddress('/iso/huge.iso')).catch(() => null)
  await until('being hashed', async () => (await readMetric(port, 'btkit_hash_jobs')) === 1)
  assert.equal((await ask(port, readme)).status, 200)
  assert.equal(await readMetric(port, 'btkit_hash_jobs'), 1)
  await stop()
  assert.notEqual((await huge)?.status, 200)
})

const NOW = 1_700_000_000_000

/** Content of files that were changed that many milliseconds ago, and a pad file. */
function changed(...ages: number[]): Content {
  const files = ages.map((age) => {
    const ctimeNs = BigInt(NOW - age) * 1_000_000n
    const fingerprint = { size: 1, mtimeNs: 0n, ctimeNs, inode: 1n, device: 1n }
    return { path: ['a'], absolutePath: '/a', fingerprint }
  })
  const rest = {
    version: 'v1' as const,
    name: 'x',
    isDirectory: true,
    skipped: [],
    size: 1,
    pieceLength: pieceLengthOf(0),
    pieceCount: 1,
  }
  return { ...rest, files: FileColumns.of([...files, padFile(['pad'], 1)]) }
}

test('files without recent changes are quiet', () => {
  assert.ok(isQuiet(changed(100, 5000), NOW, null))
})

test('a file changed a moment ago may be in the middle of a write', () => {
  for (const age of [0, 99, -3]) assert.ok(!isQuiet(changed(5000, age), NOW, null), `${age}`)
})

test('a file with a future date is quiet only if it did not change between two lookups', () => {
  const future = changed(-60_000)
  assert.ok(!isQuiet(future, NOW, null))
  assert.ok(!isQuiet(future, NOW, changed(-59_000)))
  assert.ok(!isQuiet(changed(5000, -60_000), NOW, changed(5000)))
  assert.ok(isQuiet(future, NOW, changed(-60_000)))
})
