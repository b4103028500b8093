import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { assertHolds, runAria2 } from '../../support/clients.js'
import { unlessInstalled } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror, type ServedMirror } from '../../support/serve.js'
import { configure, startNginx, unlessNginx } from '../behind-nginx.js'

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

const run = promisify(execFile)

/**
 * The body that curl gets for ranges, with its boundary replaced, and the headers that say what it
 * is.
 */
async function curlRanges(range: string, ...place: readonly string[]): Promise<string> {
  const args = ['-sS', '-i', '-r', range, '-H', 'Host: x', ...place]
  const { stdout: answer } = await run('curl', args, { encoding: 'latin1', maxBuffer: 2 ** 24 })
  const boundary = /boundary=(\S+)/.exec(answer)?.[1] ?? ''
  const kept = /^(?:HTTP\/1\.1 |content-(?:type|range): )/i
  const [head = '', body = ''] = answer.replaceAll(boundary || '\0', 'B').split(/\r\n\r\n(.*)/s)
  return [...head.split('\r\n').filter((line) => kept.test(line)), body].join('\n')
}

test('several ranges have the form that nginx gives them', unlessNginx, async (t) => {
  const { address, root } = await serveMirror(t, { files: { 'pub/a.zip': CONTENT } })
  chmodSync(root, 0o755)
  const scratch = makeScratch(t)
  const socket = join(scratch, 'nginx.sock')
  const types = 'types { application/zip zip; }'
  const blocks = `${types} server { listen unix:${socket}; root ${root}; }`
  writeFileSync(join(scratch, 'nginx.conf'), configure(scratch, blocks))
  await startNginx(t, scratch, socket)
  for (const range of [
    '0-1,5-6',
    '4000000-,0-99',
    '-5,1-1,9000000-',
    '0-1, 100-2000000, 3000000-3000001',
    '9000000-,9000001-',
    '1-1',
  ]) {
    const [own, reference] = [
      await curlRanges(range, `${address}/pub/a.zip`),
      await curlRanges(range, '--unix-socket', socket, 'http://x/pub/a.zip'),
    ]
    if (own.startsWith('HTTP/1.1 416')) assert.match(reference, /^HTTP\/1\.1 416/)
    else
      assert.ok(
        own.toLowerCase() === reference.toLowerCase(),
        `${range}\n${own.slice(0, 500)}\n${reference.slice(0, 500)}`,
      )
  }
})

/** How many parts of files the service has given out, of which it tells in the end. */
async function countParts(mirror: ServedMirror): Promise<number> {
  await mirror.stop()
  return mirror.stderr.text.match(/"GET \/pub\/a\.iso" 206 /g)?.length ?? 0
}
