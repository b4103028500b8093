import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { downloadMagnet, assertHolds } from '../../support/clients.js'
import { startQuick } from '../../support/executable.js'
import { magnetOf } from '../../support/magnets.js'
import { findFreePort } from '../../support/opentracker.js'
import { unlessLibtorrent } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { plantFile } from '../../support/seed.js'
import { until } from '../../support/until.js'

const LEECHERS = 20
const CONTENT = pseudoRandom(20_000_000, 5)

/** Starts the program, and returns it with what it sent so far, in bytes. */
async function startSeed(t: TestContext, args: readonly string[]) {
  const place = ['--host', '127.0.0.1', '--json']
  const child = startQuick(['btkit'], ['seed', ...args, ...place])
  t.after(() => child.kill('SIGKILL'))
  let ratio = 0
  child.stdout.on('data', (text: Buffer) => {
    for (const [, told] of text.toString().matchAll(/"ratio": ?([\d.]+)/g)) ratio = Number(told)
  })
  let stderr = ''
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
  await until('it seeds', () => stderr.includes('added'))
  return { child, sent: () => ratio * CONTENT.length }
}

test(
  'a seed that is killed again and again under 20 leechers serves them all when it is back',
  unlessLibtorrent,
  async (t) => {
    const { directory, infoHash } = await plantFile(t, [], CONTENT)
    const port = await findFreePort()
    const args = [directory, '--port', String(port), '--max-upload-rate', '20M']
    let seed = await startSeed(t, args)
    const link = `${magnetOf(infoHash)}&x.pe=127.0.0.1:${port}`
    const leeching = Array.from({ length: LEECHERS }, () => downloadMagnet(t, link, ['--retry']))
    for (let kills = 0; kills < 5; kills++) {
      await until('all are under way', () => seed.sent() > CONTENT.length)
      seed.child.kill('SIGKILL')
      await once(seed.child, 'exit')
      seed = await startSeed(t, args)
    }
    for (const directory of await Promise.all(leeching))
      assertHolds(directory, { 'a.bin': CONTENT })
    assert.ok(seed.sent() > 0)
  },
)
