import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, relative } from 'node:path'
import { test } from 'node:test'
import { entriesOf } from '../../support/mirror.js'
import { summarize } from '../../../src/disk/cache/maintain.js'
import { openCache } from '../../../src/disk/cache/open.js'
import type { CompleteRequest, CompleteWatch } from '../../../src/core/complete/request.js'
import { lockRecords, logPath } from '../../../src/disk/state/roots.js'
import { TorrentRecords } from '../../../src/disk/state/torrent-log.js'
import { writeAtomically } from '../../../src/disk/write/atomically.js'
import { unlessWindows } from '../../disk/failure.js'
import { FakeClient } from '../../support/fake-client.js'
import { makeRequest } from '../requests.js'
import { clientOf, Place, UNSEEN } from './place.js'

test("a directory that can't be used for its own torrents does not stop the others", async (t) => {
  const place = new Place(t)
  const directories = [place.at('src', 'a'), place.at('src', 'a', 'b'), place.at('src')]
  const { failed, created } = await place.complete({ directories, target: null })
  assert.deepEqual(
    failed.map(({ code, message }) => [code, message]),
    [
      ['not-found', `${place.at('src', 'a')}: not a directory`],
      ['not-found', `${place.at('src', 'a', 'b')}: not a directory`],
    ],
  )
  assert.equal(created.length, 2)
})

test('a run that a signal ends is interrupted, and nothing failed', unlessWindows, async (t) => {
  const place = new Place(t)
  const signal = AbortSignal.abort()
  const lock = { waitSeconds: 60, signal: new AbortController().signal }
  const { release } = await lockRecords(place.at('state'), place.at('out'), lock)
  t.after(release)
  // A link may lead to torrents of another run
  for (const path of ['src/x', 'tree', 'elsewhere']) mkdirSync(place.at(path))
  writeFileSync(place.at('src/x/f'), 'f')
  symlinkSync(place.at('elsewhere'), place.at('tree/x'))
  const other = await lockRecords(place.at('state'), place.at('elsewhere'), lock)
  t.after(other.release)
  for (const ending of [
    place.completeTree({ waitSeconds: 60 }, UNSEEN, signal),
    place.completeTree({ target: place.at('tree'), waitSeconds: 60 }, UNSEEN, signal),
    place.completeList('http://127.0.0.1:1/list', signal),
  ]) {
    const { isInterrupted, failed } = await ending
    assert.deepEqual([isInterrupted, failed], [true, []])
  }
})

test('records that cannot be read keep no later run from their target', async (t) => {
  const place = new Place(t)
  await place.complete()
  const log = logPath(place.at('state'), place.at('out'))
  renameSync(log, place.at('kept'))
  mkdirSync(log)
  assert.match((await place.complete()).failed[0]?.message ?? '', /not a regular file/)
  rmdirSync(log)
  renameSync(place.at('kept'), log)
  assert.equal((await place.complete()).unchanged, 2)
})

test('a watcher hears the total first, and progress up to it', async (t) => {
  const place = new Place(t)
  await place.complete()
  writeFileSync(place.at('src', 'large'), Buffer.alloc(100_000))
  mkdirSync(place.at('src', 'dir'))
  writeFileSync(place.at('src', 'dir', 'inner'), Buffer.alloc(50_000))
  const heard: [what: string, bytes: number][] = []
  const begin = (total: number) => {
    heard.push(['total', total])
    return Promise.resolve()
  }
  const progress = ({ bytesDone }: { bytesDone: number }) => heard.push(['done', bytesDone])
  await place.complete({}, { isSeen: true, begin, progress })
  assert.deepEqual(heard[0], ['total', 150_000])
  assert.deepEqual(heard.at(-1), ['done', 150_000])
  assert.ok(heard.slice(1).every(([what, bytes]) => what === 'done' && bytes <= 150_000))
})

test('each change is planned before it is made, and only those', async (t) => {
  const place = new Place(t)
  const planned: string[] = []
  const stateOf = (path: string) => (existsSync(path) ? lstatSync(path).ino : 0)
  const before = new Map<string, number>()
  const run = async (changes: Partial<CompleteRequest> = {}) => {
    const plan: CompleteWatch['planned'] = async (list, change) => {
      const path = 'listPath' in change ? change.listPath : change.torrentPath
      planned.push(`${list} ${basename(path)}`)
      const found = stateOf(path)
      // It would be made meanwhile, and a list after the end of the run
      const turns = 'listPath' in change ? 25 : 5
      for (let i = 0; i < turns; i++) await writeAtomically(place.at('other'), Buffer.of(i), {})
      assert.deepEqual([found, stateOf(path)], [before.get(path) ?? 0, found])
    }
    const lists: Partial<CompleteRequest> = { checksums: ['md5'], ...changes }
    await place.complete(lists, { ...UNSEEN, planned: plan })
    for (const name of readdirSync(place.at('out')))
      before.set(place.at('out', name), stateOf(place.at('out', name)))
    return planned.splice(0).sort()
  }
  const all = (list: string) => ['a', 'b'].map((name) => `${list}${name}`)
  const made = [...all('created '), ...all('list created ')]
  assert.deepEqual(
    await run(),
    made.map((each) => `${each}.${/list/.test(each) ? 'md5' : 'torrent'}`),
  )
  assert.deepEqual(await run(), [])
  writeFileSync(place.at('src', 'a'), 'longer')
  rmSync(place.at('src', 'b'))
  assert.deepEqual(await run({ prune: 'careful' }), [
    'list removed b.md5',
    'list updated a.md5',
    'removed b.torrent',
    'updated a.torrent',
  ])
})

test('a torrent is recorded before it has its name', async (t) => {
  const place = new Place(t)
  const root = place.at('out')
  const options = { stateDirectory: place.at('state'), root, isReadOnly: true }
  const recorded: boolean[] = []
  const claim = (path: string) => {
    const records = new TorrentRecords({ ...options, now: Date.now, warn: assert.ifError })
    recorded.push(records.in('').has(basename(path)))
    void records.close()
  }
  await place.complete({ common: makeRequest('', { pieceLength: 'auto', write: { claim } }) })
  assert.deepEqual(recorded, [true, true])
})

test('a torrent that is edited when its removal is planned stays', async (t) => {
  const place = new Place(t)
  await place.complete()
  rmSync(place.at('src', 'b'))
  const torrent = place.at('out', 'b.torrent')
  const planned = () => {
    writeFileSync(torrent, 'edited')
    return Promise.resolve()
  }
  const { removed, failed } = await place.complete({ prune: 'careful' }, { ...UNSEEN, planned })
  assert.deepEqual([removed, failed.map(({ code }) => code)], [[], ['changed']])
  assert.equal(readFileSync(torrent, 'utf8'), 'edited')
})

test('a torrent of somebody else that appears when one is planned stays foreign', async (t) => {
  const place = new Place(t)
  const torrent = place.at('out', 'b.torrent')
  const planned = () => {
    writeFileSync(torrent, 'of somebody else')
    return Promise.resolve()
  }
  const { failed } = await place.complete({ entries: ['b'] }, { ...UNSEEN, planned })
  const why = 'was made by something else while its content was read'
  assert.deepEqual(
    failed.map(({ code, message }) => [code, message]),
    [['changed', `${torrent}: ${why}, so it stays; run the command again`]],
  )
  const { skipped, hasNewForeign } = await place.complete()
  assert.deepEqual(
    skipped.map(({ torrentPath, reason }) => [torrentPath, reason]),
    [[torrent, 'foreign']],
  )
  // It is told once, however the source is spelled
  const again = await place.complete({ directories: [relative('', place.at('src'))] })
  assert.deepEqual([hasNewForeign, again.hasNewForeign], [true, false])
  assert.equal(readFileSync(torrent, 'utf8'), 'of somebody else')
})

test('content that changes after the total was computed is hashed as it is then', async (t) => {
  const place = new Place(t)
  const begin = () => {
    writeFileSync(place.at('src', 'a'), 'longer')
    return Promise.resolve()
  }
  const watch = { isSeen: true, begin, progress: () => undefined }
  const { created, failed, bytesHashed } = await place.complete({}, watch)
  assert.deepEqual([entriesOf(created), failed, bytesHashed], [['a', 'b'], [], 7])
})

test('a target that was moved has its right torrents taken over', async (t) => {
  const place = new Place(t)
  await place.complete()
  renameSync(place.at('out'), place.at('moved'))
  const { unchanged, skipped } = await place.complete({ target: place.at('moved') })
  assert.deepEqual([unchanged, skipped], [2, []])
})

test('records that nothing used for a month are removed at most once a week, be their files unchanged', async (t) => {
  const place = new Place(t)
  const start = Date.now() + 10_000
  /** Counts the records of files after a run some days later. */
  const runAfter = async (days: number) => {
    const now = () => start + days * 86_400_000
    const opening = { directory: place.at('cache'), now, warn: assert.ifError }
    const cache = await openCache(opening)
    await place.complete({}, undefined, { cache, trust: 'full', now })
    await cache.close()
    const again = await openCache(opening)
    const { file } = (await summarize(again.store)).counts
    await again.close()
    return file
  }
  // A use is noted once a week, so records stay a week longer
  const left = []
  for (const days of [0, 36, 42, 43]) left.push(await runAfter(days))
  assert.deepEqual(left, [2, 2, 2, 0])
})

// A kill between both leaves the record of a torrent that is gone
const PRUNED: readonly {
  what: string
  gone: readonly string[]
  emptied?: readonly string[]
  changes?: Partial<CompleteRequest>
  left: readonly string[]
}[] = [
  { what: 'source is gone', gone: ['src/a'], left: ['b'] },
  { what: 'source lost its bytes', gone: [], emptied: ['src/a'], left: ['b'] },
  { what: 'source is there', gone: [], left: ['a', 'b'] },
  { what: 'run has no --prune', gone: ['src/a'], changes: { prune: 'never' }, left: ['a', 'b'] },
  { what: 'disk is not mounted', gone: ['src/a', 'src/b', 'out/b.torrent'], left: ['a', 'b'] },
]

for (const { what, gone, emptied = [], changes, left } of PRUNED) {
  test(`a torrent that is gone is withdrawn only if it was pruned: its ${what}`, async (t) => {
    const place = new Place(t)
    const client = new FakeClient()
    const rules = { publish: [clientOf(client)], prune: 'careful' } as const
    await place.complete(rules)
    for (const path of ['out/a.torrent', ...gone]) rmSync(place.at(path))
    for (const path of emptied) writeFileSync(place.at(path), '')
    const { clients } = await place.complete({ ...rules, ...changes })
    assert.deepEqual([...client.torrents.values()].map(({ name }) => name).sort(), left)
    assert.equal(clients.withdrawn.length, 2 - left.length)
  })
}
