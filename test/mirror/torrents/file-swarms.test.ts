import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../../src/base/bytes.js'
import { cutInfoHash, infoHashOfBytes, infoHashV2OfBytes } from '../../../src/metainfo/info-hash.js'
import type { InfoHash } from '../../../src/metainfo/values.js'
import { FileSwarms } from '../../../src/mirror/torrents/file-swarms.js'

const PATH = ['pub', 'a.iso']
const FILE = { size: 7, modified: 5_250 }
const counts = (seeds: number) => ({ seeds, leechers: 0, completed: 0 })

/** The info hash of each version that stands for a name here. */
const v1Of = (name: string) => infoHashOfBytes(digestOf('sha1', name))
const v2Of = (name: string) => infoHashV2OfBytes(digestOf('sha256', name))

function swarmsOf(known: Readonly<Record<string, number>>) {
  const countsOf = (infoHash: InfoHash) => {
    const found = Object.entries(known).find(([name]) => {
      return [v1Of(name), cutInfoHash(v2Of(name))].includes(infoHash)
    })
    return found ? counts(found[1]) : null
  }
  return new FileSwarms({ countsOf }, null)
}

function torrentOf(v1: string, v2: string | null = null, modified = 5) {
  const title = { name: 'a.iso', path: PATH, files: 1, size: FILE.size }
  const infoHashes = { infoHash: v1Of(v1), infoHashV2: v2 === null ? null : v2Of(v2) }
  return { title, modified, infoHashes }
}

test('a file has the counts of its largest swarm, of any version', () => {
  const swarms = swarmsOf({ one: 1, two: 2, v2: 3 })
  assert.equal(swarms.largest(PATH, FILE), null)
  swarms.note(torrentOf('one'))
  assert.deepEqual(swarms.largest(PATH, FILE)?.counts, counts(1))
  swarms.note(torrentOf('two', 'v2'))
  swarms.note(torrentOf('unknown'))
  assert.deepEqual(swarms.largest(PATH, FILE)?.counts, counts(3))
})

test('a file that has changed since has no counts, nor has another file', () => {
  const swarms = swarmsOf({ one: 1, two: 2 })
  swarms.note(torrentOf('one'))
  assert.equal(swarms.largest(PATH, { ...FILE, size: 8 }), null)
  assert.equal(swarms.largest(PATH, { ...FILE, modified: 6_000 }), null)
  assert.equal(swarms.largest(['pub', 'b.iso'], FILE), null)
  swarms.note(torrentOf('two', null, 6))
  assert.deepEqual(swarms.largest(PATH, { ...FILE, modified: 6_000 })?.counts, counts(2))
  assert.equal(swarms.largest(PATH, FILE), null)
})

test('a file that was hashed ahead has counts before anybody asks for its torrent', () => {
  const warmFile = {
    path: PATH,
    fingerprint: { size: 7, mtimeNs: 5_250_000_000n, ctimeNs: 0n, inode: 1n, device: 1n },
    readiness: 'ready' as const,
    torrent: { infoHash: v1Of('one'), isOwn: true, infoLength: 100, stamp: '' },
  }
  const warm = { get: (path: readonly string[]) => (path === PATH ? warmFile : undefined) }
  const swarms = new FileSwarms({ countsOf: () => counts(4) }, warm)
  assert.deepEqual(swarms.largest(PATH, FILE)?.counts, counts(4))
  assert.equal(swarms.largest(PATH, { ...FILE, modified: 5_251 }), null)
})

test('a ban changes what is known at once, and takes the magnet link away', () => {
  let banned: ReadonlySet<InfoHash> = new Set()
  const swarms = new FileSwarms({ countsOf: () => null, banned: () => banned }, null)
  swarms.note(torrentOf('one'))
  const state = () => swarms.stateAt(PATH.slice(0, -1), 0)
  const before = state()
  assert.equal(state(), before)
  assert.equal(swarms.infoHashOf(PATH, FILE), v1Of('one'))
  banned = new Set([v1Of('one')])
  assert.notEqual(state(), before)
  assert.equal(swarms.infoHashOf(PATH, FILE), null)
})
