import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileSwarms } from '../../../src/mirror/torrents/file-swarms.js'

const PATH = ['pub', 'a.iso']
const FILE = { size: 7, modified: 5_250 }
const counts = (seeds: number) => ({ seeds, leechers: 0, completed: 0 })

function swarmsOf(known: Readonly<Record<string, number>>) {
  const countsOf = (infoHash: string) => {
    const seeds = known[infoHash]
    return seeds === undefined ? null : counts(seeds)
  }
  return new FileSwarms({ countsOf }, null)
}

function torrentOf(v1: string | null, v2: string | null = null, modified = 5) {
  const title = { name: 'a.iso', path: PATH, files: 1, size: FILE.size }
  return { title, modified, infoHashes: { v1, v2 } }
}

test('a file has the counts of its largest swarm, of any version', () => {
  const swarms = swarmsOf({ one: 1, two: 2, v2: 3 })
  assert.equal(swarms.countsOf(PATH, FILE), null)
  swarms.note(torrentOf('one'))
  assert.deepEqual(swarms.countsOf(PATH, FILE), counts(1))
  swarms.note(torrentOf('two', 'v2'))
  swarms.note(torrentOf('unknown'))
  assert.deepEqual(swarms.countsOf(PATH, FILE), counts(3))
})

test('a file that has changed since has no counts, nor has another file', () => {
  const swarms = swarmsOf({ one: 1, two: 2 })
  swarms.note(torrentOf('one'))
  assert.equal(swarms.countsOf(PATH, { ...FILE, size: 8 }), null)
  assert.equal(swarms.countsOf(PATH, { ...FILE, modified: 6_000 }), null)
  assert.equal(swarms.countsOf(['pub', 'b.iso'], FILE), null)
  swarms.note(torrentOf('two', null, 6))
  assert.deepEqual(swarms.countsOf(PATH, { ...FILE, modified: 6_000 }), counts(2))
  assert.equal(swarms.countsOf(PATH, FILE), null)
})

test('a file that was hashed ahead has counts before anybody asks for its torrent', () => {
  const warmFile = {
    path: PATH,
    fingerprint: { size: 7, mtimeNs: 5_250_000_000n, ctimeNs: 0n, inode: 1n, device: 1n },
    readiness: 'ready' as const,
    torrent: { infoHash: 'one', infoLength: 100, stamp: '' },
  }
  const warm = { get: (path: readonly string[]) => (path === PATH ? warmFile : undefined) }
  const swarms = new FileSwarms({ countsOf: () => counts(4) }, warm)
  assert.deepEqual(swarms.countsOf(PATH, FILE), counts(4))
  assert.equal(swarms.countsOf(PATH, { ...FILE, modified: 5_251 }), null)
})
