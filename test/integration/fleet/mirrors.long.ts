import assert from 'node:assert/strict'
import { cpSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { loadNative } from '../../../src/base/native-addon.js'
import { readHashedBytes } from '../../mirror/read-metric.js'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { KEY } from '../../support/fleet.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { startRedis, WITHOUT_REDIS } from '../../support/redis.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror, type ServedMirror } from '../../support/serve.js'

const COUNT = 100
const SIZE = 4.5 * 1024 * 1024
const CLIENTS = 30
const MACHINES = ['one', 'two', 'three']

const contentOf = (i: number) => pseudoRandom(SIZE, i + 1)

/** Plants the files on one machine, and copies them with their times to the others. */
function plantRoots(directory: string): readonly string[] {
  const [first = '', ...others] = MACHINES.map((name) => join(directory, name))
  mkdirSync(first)
  for (let i = 0; i < COUNT; i += 1) {
    const path = join(first, `${i}.iso`)
    writeFileSync(path, contentOf(i))
    utimesSync(path, 1_700_000_000 + i, 1_700_000_000 + i)
  }
  for (const other of others) cpSync(first, other, { recursive: true, preserveTimestamps: true })
  return [first, ...others]
}

/** Starts mirrors that share digests, each with a cache of its own. */
function serveAll(t: TestContext, url: string): Promise<ServedMirror[]> {
  const directory = makeScratch(t)
  const key = join(directory, 'key')
  writeFileSync(key, KEY, { mode: 0o600 })
  const shared = ['--cache-url', url, '--share-key-file', key]
  return Promise.all(
    plantRoots(directory).map((root) => {
      const args = [...shared, '--share', `mirror=${root}`, '--log', 'off']
      return serveMirror(t, { root, args })
    }),
  )
}

/** Asks a mirror for the torrents of all files, beginning somewhere. */
async function askForAll({ address }: ServedMirror, start: number): Promise<string[]> {
  const found: string[] = []
  for (let n = 0; n < COUNT; n += 1) {
    const i = (start + 7 * n) % COUNT
    for (;;) {
      const answer = await fetch(`${address}/${i}.iso.torrent`)
      const body = new Uint8Array(await answer.arrayBuffer())
      if (answer.status === 200) {
        const { info } = decodeTorrent(body)
        found[i] = `${Number(info['piece length'])} ${String(info['pieces'])}`
        break
      }
      // The mirror is busy
      assert.ok([429, 503].includes(answer.status), `${answer.status}`)
      await setTimeout(50)
    }
  }
  return found
}

const skip = WITHOUT_REDIS || (loadNative('lockByte') === null && 'the addon is not built')

test('30 clients ask three mirrors for 100 cold files: each is read once', { skip }, async (t) => {
  const { url } = await startRedis(t)
  const mirrors = await serveAll(t, url)
  const found = await Promise.all(
    Array.from({ length: CLIENTS }, (_, i) => askForAll(mirrors[i % 3]!, (11 * i) % COUNT)),
  )
  for (let i = 0; i < COUNT; i += 1) {
    const pieceLength = parseInt(found[0]?.[i] ?? '')
    const digests = referenceDigests([contentOf(i)], pieceLength).toString('hex')
    for (const each of found) assert.equal(each[i], `${pieceLength} ${digests}`)
  }
  const hashed = await Promise.all(mirrors.map(({ port }) => readHashedBytes(port)))
  const total = hashed.reduce((sum, bytes) => sum + bytes, 0)
  assert.ok(total >= COUNT * SIZE && total <= 1.02 * COUNT * SIZE, hashed.join(' + '))
  for (const { stderr } of mirrors) assert.equal(stderr.text, '')
})
