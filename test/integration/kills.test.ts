import assert from 'node:assert/strict'
import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { after } from 'node:test'
import { letFilesSettle } from '../support/aged.js'
import { runExecutable } from '../support/executable.js'
import { longTest, quickFirst } from '../support/long.js'
import { Mirror, type Report } from '../support/mirror.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { testCacheKills } from './cache-kills.js'
import { killAfter, testKills } from './kills.js'

testKills(2, quickFirst())
testCacheKills(2, ['completedir'])

const FILES = Object.fromEntries(
  Array.from({ length: 150 }, (_, i) => [`e${i}`, pseudoRandom(20_000 + i * 200, i)] as const),
)
const mirror = new Mirror({ after }, FILES)

async function complete(args: readonly string[] = []): Promise<Report> {
  const { status, stdout, stderr } = await runExecutable('btkit', mirror.args(['--json', ...args]))
  assert.deepEqual([status, stderr], [0, ''])
  return JSON.parse(stdout) as Report
}

longTest('the cache of a killed run is used by the next', async () => {
  await letFilesSettle()
  await complete()
  await killAfter(300, mirror.args(['--comment', 'killed']))
  const { bytesHashed } = await complete(['--comment', 'after'])
  assert.equal(bytesHashed, 0)
})

longTest('what was hashed before a kill need not be hashed again', async () => {
  let outcome = { bytesHashed: 0, bytesReused: 0 }
  // A machine that is busy with other work may not come far at first
  for (let wait = 2500; outcome.bytesReused <= 500_000 && wait <= 40_000; wait *= 2) {
    const now = 1e9 + wait
    for (const name of Object.keys(FILES)) utimesSync(mirror.at(name), now, now)
    await letFilesSettle()
    await killAfter(wait, mirror.args(['--max-rate', '2M']))
    outcome = await complete()
  }
  assert.ok(outcome.bytesReused > 500_000, `${outcome.bytesReused}`)
  assert.ok(outcome.bytesHashed > 0)
  await mirror.checkAgainstFresh()
})

longTest('temporary files of a killed run are removed by the next, and no other', async () => {
  const shape = /^\..*\.btkit-tmp$/
  for (let i = 0; i < 20 && !mirror.list().some((name) => shape.test(name)); i++) {
    for (const name of mirror.list()) rmSync(`${mirror.target}/${name}`)
    await killAfter(150 + i * 20, mirror.args())
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
