import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { letFilesSettle } from '../../support/aged.js'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { runExecutable } from '../../support/executable.js'
import { Mirror, TRACKER, type Report } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'

const FILES = Object.fromEntries(
  Array.from({ length: 12 }, (_, i) => [`file-${i}`, pseudoRandom(300_000 + i, i)]),
)
const SIZE = 12 * 300_000 + 66

const mirror = new Mirror({ after }, FILES)
before(letFilesSettle)

test('completedir and makemetafile use one cache at once', async () => {
  mkdirSync(`${mirror.root}/made`)
  const files = Object.keys(FILES).map((name) => mirror.at(name))
  const make = ['makemetafile', TRACKER, ...files, '--target', `${mirror.root}/made`, '--quiet']
  const rest = ['--cache-dir', mirror.cache, '--piece-size-pow2', 'auto', '--no-date']
  const [made, completed] = await Promise.all([
    runExecutable('btkit', [...make, ...rest]),
    runExecutable('btkit', mirror.args(['--quiet'])),
  ])
  assert.deepEqual([made.status, made.stderr], [0, ''])
  assert.deepEqual([completed.status, completed.stderr], [0, ''])
  await mirror.checkAgainstFresh()
  for (const name of Object.keys(FILES)) {
    const [a, b] = [`${mirror.root}/made/${name}.torrent`, mirror.torrent(name)]
    assert.deepEqual(decodeTorrent(readFileSync(a)), decodeTorrent(readFileSync(b)))
  }
})

test('what one process hashed no other reads again', async () => {
  const other = `${mirror.root}/other`
  mkdirSync(other)
  const args = mirror.args(['--target', other, '--json'])
  const { status, stdout, stderr } = await runExecutable('btkit', args)
  assert.deepEqual([status, stderr], [0, ''])
  const { bytesHashed, bytesReused, created } = JSON.parse(stdout) as Report
  assert.deepEqual([bytesHashed, bytesReused, created.length], [0, SIZE, 12])
})

test('several runs on several targets share one cache at once', async () => {
  const targets = [1, 2, 3].map((n) => `${mirror.root}/target-${n}`)
  for (const target of targets) mkdirSync(target)
  const runs = targets.map((target) => {
    return runExecutable('btkit', mirror.args(['--target', target, '--comment', target, '--json']))
  })
  for (const { status, stdout, stderr } of await Promise.all(runs)) {
    assert.deepEqual([status, stderr], [0, ''])
    assert.equal((JSON.parse(stdout) as Report).bytesHashed, 0)
  }
})
