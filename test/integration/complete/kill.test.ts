import assert from 'node:assert/strict'
import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { letFilesSettle } from '../../support/aged.js'
import { complete, FILES, killAfter, mirror, testKilledRuns } from './killed-runs.js'

testKilledRuns(2)

test('the cache of a killed run is used by the next', async () => {
  await complete()
  await killAfter(300, ['--comment', 'killed'])
  const { bytesHashed } = await complete(['--comment', 'after'])
  assert.equal(bytesHashed, 0)
})

test('what was hashed before a kill need not be hashed again', async () => {
  let outcome = { bytesHashed: 0, bytesReused: 0 }
  // A machine that is busy with other work may not come far at first
  for (let wait = 2500; outcome.bytesReused <= 500_000 && wait <= 40_000; wait *= 2) {
    const now = 1e9 + wait
    for (const name of Object.keys(FILES)) utimesSync(mirror.at(name), now, now)
    await letFilesSettle()
    await killAfter(wait, ['--max-rate', '2M'])
    outcome = await complete()
  }
  assert.ok(outcome.bytesReused > 500_000, `${outcome.bytesReused}`)
  assert.ok(outcome.bytesHashed > 0)
  await mirror.checkAgainstFresh()
})

test('temporary files of a killed run are removed by the next, and no other', async () => {
  const shape = /^\..*\.btkit-tmp$/
  for (let i = 0; i < 20 && !mirror.list().some((name) => shape.test(name)); i++) {
    for (const name of mirror.list()) rmSync(`${mirror.target}/${name}`)
    await killAfter(150 + i * 20, [])
  }
  const other = '.x.00000000-1-00000000.btkit-tmp'
  writeFileSync(`${mirror.target}/${other}`, 'of another machine')
  await complete()
  assert.deepEqual(
    mirror.list().filter((name) => name.startsWith('.')),
    [other],
  )
  rmSync(`${mirror.target}/${other}`)
  await mirror.checkAgainstFresh()
})
