import assert from 'node:assert/strict'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startServe } from '../../mirror/hostile/process.js'
import { readMetric } from '../../mirror/read-metric.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'
import { fillDisk, mountSmallDisk, unlessNoDisks } from '../../support/small-disk.js'
import { until } from '../../support/until.js'

const NAMES = Array.from({ length: 40 }, (_, i) => `d/file-${i}`)

test(
  "the service goes on when its cache's disk fills, and ends as asked",
  unlessNoDisks,
  async (t) => {
    const root = makeScratch(
      t,
      Object.fromEntries(NAMES.map((name, i) => [name, pseudoRandom(9, i)])),
    )
    for (const name of NAMES) utimesSync(join(root, name), 1e9, 1e9)
    const disk = mountSmallDisk(t, 8)!
    const service = await startServe(t, root, { args: ['--cache-dir', join(disk, 'cache')] })
    const ask = async (name: string) =>
      (await fetch(`${service.address}/d/torrent_service/single/${name}`)).status
    assert.equal(await ask('d/file-0'), 200)
    await until('written', async () => (await readMetric(service.port, 'btkit_cache_bytes')) > 0)
    fillDisk(disk)
    const statuses = await Promise.all(NAMES.map(ask))
    assert.deepEqual(new Set(statuses), new Set([200]))
    const { status, stderr } = await service.stop()
    assert.equal(status, 0)
    assert.match(
      stderr,
      /^(btkit: warning: cache [^\n]+: only read until it can be written: no space left on device\n)?$/,
    )
  },
)
