import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createReport } from '../../../../src/core/complete/report.js'
import { deliver } from '../../../../src/core/complete/tidy/undelivered.js'
import { makeScratch } from '../../../support/scratch.js'

/** The report of a run that created the torrents of some entries. */
function created(...entries: readonly string[]) {
  const report = createReport()
  for (const entry of entries) {
    const paths = { source: entry, sourcePath: entry, torrent: entry, torrentPath: `/${entry}` }
    const hashes = { infoHash: 'a', infoHashV2: null, oldInfoHash: null, oldInfoHashV2: null }
    report.created.push({ ...paths, ...hashes })
  }
  return report
}

test('what another run adds while changes are delivered is delivered later', async (t) => {
  const stateDirectory = makeScratch(t)
  const path = join(stateDirectory, 'due', 'a.log')
  const warn = (message: string) => {
    throw new Error(message)
  }
  const options = { path, stateDirectory, now: Date.now, warn }
  const delivered: string[][] = []
  const run = (entries: readonly string[], act = async () => Promise.resolve()) =>
    deliver(created(...entries), options, async (report) => {
      delivered.push(report.created.map(({ source }) => source))
      await act()
    })
  const failed = new Error('no network')
  await run(['a'], () =>
    assert.rejects(
      run(['b'], () => Promise.reject(failed)),
      failed,
    ),
  )
  await run(['c'])
  assert.deepEqual(delivered, [['a'], ['a', 'b'], ['b', 'c']])
  await run([])
  assert.equal(delivered.length, 3)
  assert.ok(!existsSync(path))
})
