import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertHolds, runAria2 } from '../../support/clients.js'
import { unlessInstalled } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror, type ServedMirror } from '../../support/serve.js'

const CONTENT = pseudoRandom(5_000_001)
const FILES = { 'pub/a.iso': CONTENT }

test(
  'aria2c downloads a file over four connections at once',
  unlessInstalled('aria2c'),
  async (t) => {
    const mirror = await serveMirror(t, { files: FILES })
    const directory = makeScratch(t)
    // Else the first connection may be done before there are others
    const slow = '--max-download-limit=4M'
    const options = ['--max-connection-per-server=4', '--split=4', '--min-split-size=1M', slow]
    await runAria2(t, directory, [...options, `${mirror.address}/pub/a.iso`])
    assertHolds(directory, { 'a.iso': CONTENT })
    assert.ok((await countParts(mirror)) >= 3)
  },
)

test('aria2c goes on with a file that it has in part', unlessInstalled('aria2c'), async (t) => {
  const mirror = await serveMirror(t, { files: FILES })
  const directory = makeScratch(t, { 'a.iso': CONTENT.subarray(0, 1_234_567) })
  await runAria2(t, directory, ['--continue', '--split=1', `${mirror.address}/pub/a.iso`])
  assertHolds(directory, { 'a.iso': CONTENT })
  assert.equal(await countParts(mirror), 1)
})

/** How many parts of files the service has given out, of which it tells in the end. */
async function countParts(mirror: ServedMirror): Promise<number> {
  await mirror.stop()
  return mirror.stderr.text.match(/"GET \/pub\/a\.iso" 206 /g)?.length ?? 0
}
