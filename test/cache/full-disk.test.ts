import assert from 'node:assert/strict'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CACHE_FILE, openCache } from '../../src/cache/open.js'
import { runExecutable } from '../support/executable.js'
import { longTest } from '../support/long.js'
import { Mirror } from '../support/mirror.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { fillDisk, mountSmallDisk, unlessNoDisks } from '../support/small-disk.js'

/** Opens a cache on a small disk of its own, and notes what it warns of. */
async function openOnSmallDisk(t: Parameters<typeof mountSmallDisk>[0], mebibytes = 8) {
  const disk = mountSmallDisk(t, mebibytes)!
  const warnings: string[] = []
  const warn = (message: string) => warnings.push(message)
  const directory = join(disk, 'cache')
  const reopen = () => openCache({ directory, now: Date.now, warn })
  return { disk, directory, warnings, reopen, cache: await reopen() }
}

const GIVEN_UP = /^cache .*: no longer used: no space left on device$/

test('a cache whose disk fills is given up with one warning', unlessNoDisks, async (t) => {
  const { disk, warnings, cache, reopen } = await openOnSmallDisk(t)
  cache.put('info', pseudoRandom(32, 1), pseudoRandom(500, 1))
  await cache.flush()
  const filler = fillDisk(disk)
  for (let i = 2; i < 5000; i++) cache.put('info', pseudoRandom(32, i), pseudoRandom(2000, i))
  await cache.flush()
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]!, GIVEN_UP)
  // Older records can still be read, and new ones can be written afterwards
  assert.ok(cache.get('info', pseudoRandom(32, 1)))
  await cache.close()
  rmSync(filler)
  const again = await reopen()
  t.after(() => again.close())
  assert.ok(again.get('info', pseudoRandom(32, 1)))
  assert.equal(warnings.length, 1)
})

longTest('a cache leaves 4 MiB of its disk to others', unlessNoDisks, async (t) => {
  const { directory, warnings, cache } = await openOnSmallDisk(t)
  for (let i = 0; i < 10_000; i++) cache.put('info', pseudoRandom(32, i), pseudoRandom(1000, i))
  await cache.close()
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]!, GIVEN_UP)
  assert.ok(statSync(join(directory, CACHE_FILE)).size < 4 * 1024 * 1024)
})

test('no cache is begun on a disk that is full', unlessNoDisks, async (t) => {
  const disk = mountSmallDisk(t, 8)!
  fillDisk(disk)
  const mirror = new Mirror(t, { a: 'a' }, { cache: join(disk, 'cache') })
  const { status, stderr } = await runExecutable('btkit', mirror.args(['--quiet']))
  assert.equal(status, 0)
  assert.match(stderr, /^btkit: warning: cache [^\n]+: not used: no space left on device\n$/)
})

longTest('a run whose cache fills its disk does its work', unlessNoDisks, async (t) => {
  const disk = mountSmallDisk(t, 5)!
  writeFileSync(join(disk, 'filler'), Buffer.alloc(600 * 1024))
  const names = Array.from({ length: 2500 }, (_, i) => `file-${i}`.padEnd(200, 'x'))
  const files = Object.fromEntries(names.map((name) => [name, name]))
  const mirror = new Mirror(t, files, { cache: join(disk, 'cache') })
  const { status, stderr } = await mirror.run(['--quiet'])
  assert.equal(status, 0)
  assert.match(stderr, /^btkit: warning: cache [^\n]+: no longer used: no space left on device\n$/)
  await mirror.checkAgainstFresh()
})
