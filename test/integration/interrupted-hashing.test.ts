import assert from 'node:assert/strict'
import { linkSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openCacheIfThere } from '../../src/disk/cache/open.js'
import { letFilesSettle } from '../support/aged.js'
import { runExecutable, startCollecting } from '../support/executable.js'
import { quickFirst } from '../support/long.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { makeScratch } from '../support/scratch.js'
import { fillDisk, mountSmallDisk, unlessNoDisks } from '../support/small-disk.js'
import { TRACKER } from '../support/torrents.js'
import { until } from '../support/until.js'

const MIB = 2 ** 20
const SIZE = 64 * MIB

/** The files of all tests, which are settled before the first one begins. */
const source = join(
  makeScratch(
    { after },
    {
      'd/large': pseudoRandom(SIZE, 1),
      'links/planet-1.pbf': pseudoRandom(5 * MIB, 2),
    },
  ),
  'd',
)
const links = join(source, '../links')
symlinkSync('planet-1.pbf', join(links, 'latest.pbf'))
linkSync(join(links, 'planet-1.pbf'), join(links, 'zuletzt.pbf'))
before(letFilesSettle)

/** The options that name a target and a cache, which are not there yet. */
function place(root: string): string[] {
  return ['--target', join(root, 'out'), '--cache-dir', join(root, 'cache'), '--json']
}

/** The number of records that other processes see in a cache. */
async function countRecords(directory: string): Promise<number> {
  const cache = await openCacheIfThere({ directory, now: Date.now, warn: assert.ifError })
  const count = cache.store.count()
  await cache.close()
  return count
}

function bytesHashed(stdout: string): number {
  return Number(/"bytesHashed":(\d+)/.exec(stdout)?.[1])
}

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  'makemetafile of a directory': ['makemetafile', source, TRACKER],
  'makemetafile --hybrid of a file': ['makemetafile', join(source, 'large'), TRACKER, '--hybrid'],
  'completedir --v2': ['completedir', TRACKER, source, '--v2'],
}

const testCommand = quickFirst()

for (const [what, command] of Object.entries(COMMANDS)) {
  testCommand(`${what}: the run after a signal hashes only the rest`, async (t) => {
    const interrupt = async (signal: NodeJS.Signals) => {
      const root = makeScratch(t)
      const args = [...command, ...place(root)]
      const { child, ended } = startCollecting('btkit', [...args, '--max-rate', '16M'], { t })
      const cache = join(root, 'cache')
      await until('digests are kept', async () => (await countRecords(cache)) > 0)
      child.kill(signal)
      assert.equal((await ended).signal, signal)
      const { status, stdout } = await runExecutable('btkit', args)
      assert.equal(status, 0)
      assert.ok(bytesHashed(stdout) < SIZE, `${signal}: ${bytesHashed(stdout)}`)
    }
    await Promise.all((['SIGINT', 'SIGTERM', 'SIGKILL'] as const).map(interrupt))
  })
}

test('completedir hashes a file once that has links and hard links', async (t) => {
  const args = ['completedir', TRACKER, links, ...place(makeScratch(t))]
  const { stdout } = await runExecutable('btkit', args)
  assert.equal(bytesHashed(stdout), 5 * MIB)
})

test('a torrent that finds its disk full costs no hash', unlessNoDisks, async (t) => {
  const disk = mountSmallDisk(t, 1)!
  fillDisk(disk)
  const root = makeScratch(t)
  const args = ['makemetafile', join(source, 'large'), TRACKER, ...place(root)]
  const full = await runExecutable('btkit', [...args.with(4, join(disk, 'a.torrent'))])
  assert.equal(full.status, 1)
  assert.equal(bytesHashed((await runExecutable('btkit', args)).stdout), 0)
})
