import assert from 'node:assert/strict'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { lineOf } from '../../../src/disk/state/journal.js'
import { makeScratch } from '../../support/scratch.js'
import { KnownSets, type SetsPlace } from '../../../src/mirror/torrents/known-sets.js'
import { digestOfSet } from '../../../src/mirror/torrents/path-sets.js'

const PLENTY = { max: 1000, maxSize: 1e9 }

/** A function that opens the sets of a mirror as a service does that starts. */
function makePlace(t: TestContext) {
  let running: KnownSets | null = null
  // Before the directory is removed
  t.after(() => running?.close())
  const place = {
    stateDirectory: makeScratch(t),
    root: '/srv/mirror',
    now: Date.now,
    warn: assert.ifError,
    onError: assert.ifError,
  }
  const openSets = async (
    limits: Partial<typeof PLENTY> = {},
    changes: Partial<SetsPlace> = {},
  ) => {
    await running?.close()
    running = KnownSets.open({ ...place, ...changes }, { ...PLENTY, ...limits })
    return running
  }
  return { ...place, openSets }
}

/** A set with that name, and its digest. */
function setOf(name: string, length = 10) {
  const set = { isSingle: false, paths: [`/yum/${name}`.padEnd(length, 'x')] }
  return { set, digest: digestOfSet(set) }
}

function note(sets: KnownSets, name: string, length?: number): void {
  const { set, digest } = setOf(name, length)
  sets.note(digest, set)
}

/** The sets that a newly started service knows. */
async function kept(
  openSets: () => Promise<KnownSets>,
  names: readonly string[],
): Promise<string[]> {
  const sets = await openSets()
  return names.filter((name) => sets.get(setOf(name).digest) !== null)
}

test('a set is known at once, before and after a restart', async (t) => {
  const { openSets } = makePlace(t)
  const { set, digest } = setOf('a')
  const sets = await openSets()
  assert.equal(sets.get(digest), null)
  sets.note(digest, set)
  assert.deepEqual(sets.get(digest), set)
  assert.deepEqual((await openSets()).get(digest), set)
})

test('a form replaces a single path with the same digest, but not the reverse', async (t) => {
  const { openSets } = makePlace(t)
  const { set, digest } = setOf('a')
  const single = { ...set, isSingle: true }
  const sets = await openSets()
  sets.note(digest, single)
  assert.deepEqual(sets.get(digest), single)
  sets.note(digest, set)
  assert.deepEqual(sets.get(digest), set)
  sets.note(digest, single)
  assert.deepEqual(sets.get(digest), set)
  const later = await openSets()
  later.note(digest, single)
  assert.deepEqual((await openSets()).get(digest), set)
})

test('the bytes of sets are limited', async (t) => {
  const { openSets } = makePlace(t)
  const sets = await openSets({ maxSize: 10_000 })
  for (let i = 0; i < 100; i++) note(sets, `long ${i}`, 2000)
  note(sets, 'short')
  assert.deepEqual(await kept(openSets, ['short']), ['short'])
  const names = Array.from({ length: 100 }, (_, i) => `long ${i}`)
  const later = await openSets()
  assert.equal(names.filter((name) => later.get(setOf(name, 2000).digest)).length, 4)
})

test('10,000 sets and 8 MiB of them are remembered', () => {
  const place = { stateDirectory: null, root: '/', now: Date.now, warn: assert.ifError }
  const sets = KnownSets.open({ ...place, onError: assert.ifError })
  const isKnown = (name: string, length?: number) => sets.get(setOf(name, length).digest) !== null
  for (let n = 0; n < 10_000; n++) note(sets, `${n}`)
  assert.ok(isKnown('0'))
  note(sets, '10000')
  // Asking for the first has made the second the oldest
  assert.deepEqual([isKnown('0'), isKnown('1'), isKnown('2')], [true, false, true])
  // A set costs 128 bytes beside its path
  const [half, rest] = [4 * 2 ** 20 - 128, 1024 - 128]
  note(sets, 'half', half)
  note(sets, 'other', half)
  assert.deepEqual(
    [isKnown('half', half), isKnown('other', half), isKnown('10000')],
    [true, true, false],
  )
  note(sets, 'rest', rest)
  assert.deepEqual([isKnown('half', half), isKnown('other', half)], [false, true])
})

test('a set that is used again stays longer, also after a restart', async (t) => {
  const { openSets } = makePlace(t)
  const sets = await openSets({ max: 3 })
  for (const name of ['a', 'b', 'c']) note(sets, name)
  note(sets, 'a')
  note(sets, 'd')
  assert.ok(sets.get(setOf('c').digest))
  note(sets, 'e')
  assert.deepEqual(await kept(openSets, ['a', 'b', 'c', 'd', 'e']), ['c', 'd', 'e'])
})

test('sets from before a restart are limited, too', async (t) => {
  const { openSets } = makePlace(t)
  const first = await openSets()
  for (let i = 0; i < 20; i++) note(first, `old ${i}`)
  await openSets({ max: 5 })
  const names = Array.from({ length: 20 }, (_, i) => `old ${i}`)
  assert.equal((await kept(openSets, names)).length, 5)
})

test('a set that a client asked for within a day goes last after a restart', async (t) => {
  let now = 1.8e12
  const { openSets } = makePlace(t)
  const sets = await openSets({}, { now: () => now })
  for (const name of ['a', 'b', 'c']) note(sets, name)
  now += 2 * 86_400_000
  assert.ok(sets.get(setOf('a').digest))
  assert.ok(await openSets({ max: 1 }))
  assert.deepEqual(await kept(openSets, ['a', 'b', 'c']), ['a'])
})

test('sets unused for years are known, because only a client can send them again', async (t) => {
  const { openSets } = makePlace(t)
  note(await openSets({}, { now: () => 0 }), 'old')
  assert.deepEqual(await kept(openSets, ['old']), ['old'])
})

test('each mirror has its own sets', async (t) => {
  const { openSets } = makePlace(t)
  note(await openSets(), 'a')
  const other = await openSets({}, { root: '/srv/other' })
  assert.equal(other.get(setOf('a').digest), null)
  assert.deepEqual(await kept(openSets, ['a']), ['a'])
})

test('a damaged set hides no other one', async (t) => {
  const { openSets, stateDirectory } = makePlace(t)
  const sets = await openSets()
  for (const name of ['a', 'b', 'c']) note(sets, name)
  await sets.close()
  const [file] = readdirSync(join(stateDirectory, 'sets'))
  const path = join(stateDirectory, 'sets', file ?? '')
  writeFileSync(path, readFileSync(path, 'utf8').replace('/yum/bxx', '/yum/byy'))
  const warnings: string[] = []
  const later = await openSets({}, { warn: (message) => warnings.push(message) })
  const known = ['a', 'b', 'c'].filter((name) => later.get(setOf(name).digest))
  assert.deepEqual(known, ['a', 'c'])
  assert.match(warnings.join(), /damaged, kept as .*; clients must send the sets .* again$/)
})

test('a state that a newer btkit wrote is left alone, and sets are known until the end', async (t) => {
  const { openSets, stateDirectory } = makePlace(t)
  const sets = await openSets()
  note(sets, 'a')
  await sets.close()
  const [file] = readdirSync(join(stateDirectory, 'sets'))
  const path = join(stateDirectory, 'sets', file ?? '')
  const head = { version: 99, btkit: 'sets' }
  writeFileSync(path, lineOf('', JSON.stringify(head)))
  const warnings: string[] = []
  const later = await openSets({}, { warn: (message) => warnings.push(message) })
  note(later, 'b')
  assert.ok(later.get(setOf('b').digest))
  await later.close()
  assert.match(warnings.join(), /a newer btkit wrote it.*; sets of yum-torrent are forgotten/)
  assert.equal(readFileSync(path, 'utf8'), String(lineOf('', JSON.stringify(head))))
})

test('a failure to record sets is told once, and once more when it is over', async (t) => {
  const { openSets, stateDirectory } = makePlace(t)
  const told: string[] = []
  const tell = (message: unknown) => void told.push(String(message))
  const sets = await openSets({}, { warn: tell, onError: tell })
  const place = join(stateDirectory, 'sets')
  const save = async (name: string) => {
    note(sets, name)
    await sets.close()
  }
  for (const [round, names] of ['abc', 'def'].entries()) {
    // A file where the directory belongs
    mkdirSync(place, { recursive: true, mode: 0o700 })
    renameSync(place, `${place}.away`)
    writeFileSync(place, '')
    for (const name of names) await save(name)
    assert.equal(told.length, 2 * round + 1, told.join('\n'))
    unlinkSync(place)
    renameSync(`${place}.away`, place)
    for (const again of [1, 2]) await save(`${names}${again}`)
    assert.match(told.at(-1) ?? '', /works again$/)
    assert.equal(told.length, 2 * round + 2)
  }
  const all = ['a', 'b', 'c', 'abc1', 'abc2', 'd', 'e', 'f', 'def1', 'def2']
  assert.deepEqual(await kept(openSets, all), all)
})
