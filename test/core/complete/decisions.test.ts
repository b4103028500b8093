import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import type { CompleteReport } from '../../../src/core/complete/report.js'
import type { CompleteRequest } from '../../../src/core/complete/request.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { checkTracker } from '../../../src/metainfo/trackers.js'
import { decodeTorrent, independentInfoHash } from '../../support/decode-torrent.js'
import { torrentOf } from '../../support/torrents.js'
import { makeRequest } from '../requests.js'
import { Place } from './place.js'

// The torrent that exists at the place of an entry, and the options, decide what completedir does.
// This table has all of both.

const OTHER_TRACKER = 'http://other.example/announce'

/** The content, and what it was when an outdated torrent was made: another size, or only bytes. */
const NOW = 'now'
const [LONGER, BEFORE] = ['longer', 'old']

type Common = CompleteRequest['common']

const plain = (changes: Partial<Common> = {}) =>
  makeRequest('', { pieceLength: 'auto', ...changes })
const withComment = plain({ parts: { ...plain().parts, comment: 'foreign' } })

/** Makes a torrent of the entry, when its content was another. */
async function made(place: Place, common: Common = plain(), content = NOW): Promise<void> {
  writeFileSync(place.at('src', 'a'), content)
  await place.complete({ common })
  // Also a file that is written again with the same bytes is looked at again
  if (content !== NOW) writeFileSync(place.at('src', 'a'), NOW)
}

/** The same, and no record says so. */
async function foreign(place: Place, common: Common = plain(), content = NOW): Promise<void> {
  await made(place, common, content)
  rmSync(place.at('state'), { recursive: true })
}

function put(place: Place, bytes: Uint8Array | string): void {
  writeFileSync(place.at('out', 'a.torrent'), bytes)
}

/** Edits the torrent as another program would. */
function edit(place: Place, change: { comment?: string; info?: object }): void {
  const torrent = decodeTorrent(readFileSync(place.at('out', 'a.torrent')))
  const { info, ...beside } = { ...torrent, ...change } as { info: { pieces: string } }
  put(place, torrentOf({ ...info, pieces: Buffer.from(info.pieces, 'hex') }, beside))
}

const EXISTING: Record<string, (place: Place) => Promise<void> | void> = {
  nothing: () => undefined,
  current: (place) => made(place),
  'with an edited comment': async (place) => {
    await made(place)
    edit(place, { comment: 'edited' })
  },
  'of older bytes': (place) => made(place, plain(), BEFORE),
  'of another size': (place) => made(place, plain(), LONGER),
  'edited, of older bytes': async (place) => {
    await made(place, plain(), BEFORE)
    edit(place, { comment: 'edited' })
  },
  'of other pieces': (place) => made(place, plain({ pieceLength: pieceLengthOf(18) })),
  'with another tracker': (place) => {
    const parts = { ...plain().parts, announce: checkTracker(OTHER_TRACKER) }
    return made(place, plain({ parts }))
  },
  'with an edited info': async (place) => {
    await made(place)
    const info = { length: 3, name: 'a', 'piece length': 32768, pieces: '07'.repeat(20) }
    edit(place, { info })
  },
  'emptied by a crash': async (place) => {
    await made(place)
    put(place, '')
  },
  'overwritten with text': async (place) => {
    await made(place)
    put(place, 'text')
  },
  'foreign, the same': (place) => foreign(place),
  'foreign, the same of older bytes': (place) => foreign(place, plain(), BEFORE),
  'foreign, with a comment': (place) => foreign(place, withComment),
  'foreign, with another tracker': (place) => {
    const parts = { ...plain().parts, announce: checkTracker(OTHER_TRACKER) }
    return foreign(place, plain({ parts }))
  },
  'foreign, of other pieces': (place) => foreign(place, plain({ pieceLength: pieceLengthOf(18) })),
  'foreign, of older bytes': (place) => foreign(place, withComment, BEFORE),
  'foreign, of another size': (place) => foreign(place, withComment, LONGER),
  'foreign, no torrent': (place) => {
    put(place, 'text')
  },
  adopted: async (place) => {
    await foreign(place, plain({ pieceLength: pieceLengthOf(18) }))
    await place.complete({ adopt: true })
  },
}

const existing = { asked: [], remake: false, keepTrackers: false } as const
const WANTED: Record<string, Partial<CompleteRequest>> = {
  usual: {},
  adopt: { adopt: true },
  force: { force: true },
  remake: { existing: { ...existing, remake: true } },
  // `--piece-length auto` on the command line
  asked: { existing: { ...existing, asked: ['piece length'] } },
  'keep trackers': { existing: { ...existing, keepTrackers: true } },
  'dry run': { dryRun: true },
}

function outcomeOf(report: CompleteReport): string {
  const { created, updated, adopted, unchanged, skipped, failed } = report
  assert.deepEqual(failed, [])
  const [skip] = skipped
  if (skip) return skip.reason
  const done = { created, updated, adopted }
  for (const [kind, list] of Object.entries(done)) if (list.length > 0) return kind
  return unchanged === 1 ? ['kept', ...Object.keys(report.kept)].join(' ') : 'nothing'
}

/** The outcome of a wish in a place of its own. */
async function run(
  t: TestContext,
  plant: (place: Place) => unknown,
  wanted: Partial<CompleteRequest>,
) {
  const place = new Place(t)
  rmSync(place.at('src', 'b'))
  writeFileSync(place.at('src', 'a'), NOW)
  await plant(place)
  const path = place.at('out', 'a.torrent')
  const before = existsSync(path) ? readFileSync(path) : null
  const outcome = outcomeOf(await place.complete(wanted))
  const after = existsSync(path) ? readFileSync(path) : null
  const hashOf = (bytes: Buffer | null) => {
    try {
      return bytes && independentInfoHash(bytes)
    } catch {
      return null
    }
  }
  if (before === null || after === null) return after ? `${outcome} *` : outcome
  if (before.equals(after)) return outcome
  return hashOf(before) === hashOf(after) ? `${outcome} ~` : `${outcome} *`
}

/**
 * For each existing torrent, the outcome of each wish in its order. After it stands `*` if the
 * torrent has another `info` now, `~` if only other values changed, and nothing if no byte did.
 */
const OUTCOMES: Record<string, string> = {
  nothing: 'created *, created *, created *, created *, created *, created *, created',
  current: 'kept, kept, kept, kept, kept, kept, kept',
  'with an edited comment': 'kept, kept, updated ~, kept, kept, kept, kept',
  'of older bytes': 'updated *, updated *, updated *, updated *, updated *, updated *, updated',
  'of another size': 'updated *, updated *, updated *, updated *, updated *, updated *, updated',
  'edited, of older bytes':
    'updated *, updated *, updated *, updated *, updated *, updated *, updated',
  'of other pieces':
    'kept piece length, kept piece length, updated *, updated *, updated *, kept piece length, updated',
  'with another tracker': 'updated ~, updated ~, updated ~, updated ~, updated ~, kept, updated',
  'with an edited info': 'edited, edited, updated *, edited, edited, edited, content not read',
  'emptied by a crash': 'updated *, updated *, updated *, updated *, updated *, updated *, updated',
  'overwritten with text': 'edited, edited, updated *, edited, edited, edited, edited',
  'foreign, the same': 'kept, kept, kept, kept, kept, kept, content not read',
  'foreign, the same of older bytes':
    'outdated, outdated, updated *, outdated, outdated, outdated, content not read',
  'foreign, with a comment': 'foreign, adopted, updated ~, foreign, foreign, foreign, foreign',
  'foreign, with another tracker':
    'foreign, adopted ~, updated ~, foreign, foreign, foreign, foreign',
  'foreign, of other pieces': 'foreign, adopted, updated *, foreign, foreign, foreign, foreign',
  'foreign, of older bytes': 'foreign, outdated, updated *, foreign, foreign, foreign, foreign',
  'foreign, of another size':
    'outdated, outdated, updated *, outdated, outdated, outdated, outdated',
  'foreign, no torrent': 'foreign, foreign, updated *, foreign, foreign, foreign, foreign',
  adopted: 'kept, kept, kept, updated *, kept, kept, kept',
}

const wishes = Object.values(WANTED)
for (const [name, plant] of Object.entries(EXISTING)) {
  test(`an existing torrent, ${name}, has the outcome of each wish`, async (t) => {
    const outcomes = await Promise.all(wishes.map((wanted) => run(t, plant, wanted)))
    assert.equal(outcomes.join(', '), OUTCOMES[name])
  })
}

test('a foreign torrent of version 2 is kept if it is the same', async (t) => {
  const common = plain({ version: 'v2' })
  assert.equal(await run(t, (place) => foreign(place, common), { common }), 'kept')
})
