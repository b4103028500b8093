import assert from 'node:assert/strict'
import { existsSync, mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { type CompleteReport, createReport } from '../../../../src/core/complete/report.js'
import { Undelivered } from '../../../../src/core/complete/tidy/undelivered.js'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { makeScratch } from '../../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'

const TORRENT = torrentOf(singleFileInfo())
const { infoHash, infoHashV2 } = parseMetainfo(TORRENT, { maxSize: TORRENT.length })

/** A record of undelivered changes of a directory in which there are some torrents. */
function openPlace(t: TestContext, ...torrents: readonly string[]) {
  const stateDirectory = makeScratch(t, Object.fromEntries(torrents.map((each) => [each, TORRENT])))
  const path = join(stateDirectory, 'due', 'a.log')
  const warnings: string[] = []
  const warn = (message: string) => warnings.push(message)
  const open = () => new Undelivered({ path, stateDirectory, now: Date.now, warn })
  /** The creation of the torrent of an entry. */
  const changeOf = (entry: string) => {
    const paths = { source: entry, sourcePath: entry, torrent: entry }
    const hashes = { infoHash, infoHashV2, oldInfoHash: null, oldInfoHashV2: null }
    return { ...paths, torrentPath: join(stateDirectory, entry), ...hashes }
  }
  const delivered: string[][] = []
  /** Ends a run that created the torrents of some entries. */
  const run = (entries: readonly string[], act = async () => Promise.resolve(), of = open()) => {
    const report = { ...createReport(), created: entries.map(changeOf) }
    return of.deliver(report, async ({ created }) => {
      delivered.push(created.map(({ source }) => source))
      await act()
    })
  }
  return { path, open, changeOf, run, delivered, warnings }
}

test('what another run adds while changes are delivered is delivered later', async (t) => {
  const { path, run, delivered, warnings } = openPlace(t, 'a', 'b', 'c')
  const failed = new Error('no network')
  await run(['a'], () =>
    assert.rejects(
      run(['b'], () => Promise.reject(failed)),
      failed,
    ),
  )
  await run(['c'])
  assert.deepEqual(delivered, [['a'], ['a', 'b'], ['b', 'c']])
  await run([])
  assert.equal(delivered.length, 3)
  assert.deepEqual([existsSync(path), warnings], [false, []])
})

test('what a killed run had changed is delivered by the next one, if it is there', async (t) => {
  const { path, open, changeOf, run, delivered } = openPlace(t, 'a', 'b', 'c', 'failed')
  const killed = open()
  for (const entry of ['a', 'never-written']) await killed.plan('created', changeOf(entry))
  writeFileSync(changeOf('a').torrentPath, TORRENT)
  await run([], () => Promise.reject(new Error('no network'))).catch(() => undefined)
  const next = open()
  for (const entry of ['b', 'failed', 'c']) await next.plan('created', changeOf(entry))
  await run(['b', 'c'], undefined, next)
  assert.deepEqual([delivered, existsSync(path)], [[['a'], ['a', 'b', 'c']], false])
})

test('a change that a killed run did not make is not delivered, but the one before it is', async (t) => {
  const { open, changeOf, run, delivered } = openPlace(t, 'a', 'b', 'c', 'd')
  await run(['a', 'b'], () => Promise.reject(new Error('no network'))).catch(() => undefined)
  const killed = open()
  for (const entry of ['a', 'c']) await killed.plan('removed', changeOf(entry))
  const updated = { infoHash: 'f', oldInfoHash: infoHash }
  for (const entry of ['b', 'd']) await killed.plan('updated', { ...changeOf(entry), ...updated })
  // It was written again since then
  writeFileSync(changeOf('d').torrentPath, TORRENT)
  await open().deliver(createReport(), (report) => {
    const { created, removed } = report
    assert.deepEqual([created, report.updated, removed], [['a', 'b'].map(changeOf), [], []])
    return Promise.resolve()
  })
  await run([])
  assert.deepEqual(delivered, [['a', 'b']])
})

test('a torrent that was created and removed since the last delivery is delivered as removed', async (t) => {
  const { open, changeOf, run } = openPlace(t, 'a')
  const told: unknown[] = []
  const removed = { ...changeOf('a'), infoHash: null, infoHashV2: null }
  const end = { ...removed, oldInfoHash: infoHash, oldInfoHashV2: infoHashV2 }
  const deliver = (report: Partial<CompleteReport>, act = async () => Promise.resolve()) =>
    open().deliver({ ...createReport(), ...report }, (all) => {
      told.push([all.created, all.updated, all.removed])
      return act()
    })
  const failed = () => Promise.reject(new Error('no network'))
  await run(['a'], failed).catch(() => undefined)
  const killed = open()
  await killed.plan('removed', end)
  rmSync(changeOf('a').torrentPath)
  await deliver({}, failed).catch(() => undefined)
  await deliver({ removed: [end] }, failed).catch(() => undefined)
  await deliver({})
  assert.deepEqual(
    told,
    Array.from({ length: 3 }, () => [[], [], [end]]),
  )
})

test('a torrent that is gone when the run that delivered it is killed is delivered as removed', async (t) => {
  const { open, changeOf, run } = openPlace(t, 'a')
  await new Promise<void>((resolve) => {
    // Its command never ends
    void run(['a'], () => {
      resolve()
      return new Promise(() => undefined)
    })
  })
  await open().plan('created', changeOf('never-written'))
  rmSync(changeOf('a').torrentPath)
  const gone = {
    infoHash: null,
    infoHashV2: null,
    oldInfoHash: infoHash,
    oldInfoHashV2: infoHashV2,
  }
  await open().deliver(createReport(), ({ created, removed }) => {
    assert.deepEqual([created, removed], [[], [{ ...changeOf('a'), ...gone }]])
    return Promise.resolve()
  })
  assert.equal(open().isDue(), false)
})

test('with a record that cannot be used, the run waits for its command, and has its failure', async (t) => {
  const { path, run } = openPlace(t, 'a')
  mkdirSync(path, { recursive: true })
  const failed = new Error('no network')
  let isOver = false
  const slow = async () => {
    await new Promise((resolve) => void setImmediate(resolve))
    isOver = true
    throw failed
  }
  await assert.rejects(run(['a'], slow), failed)
  assert.ok(isOver)
})

test('a record that cannot be used keeps no change from being made, nor from the command', async (t) => {
  const { path, open, changeOf, run, delivered } = openPlace(t, 'a')
  mkdirSync(path, { recursive: true })
  const undelivered = open()
  await undelivered.plan('created', changeOf('a'))
  await assert.rejects(run(['a'], undefined, undelivered), /a.log: not a regular file/)
  await assert.rejects(run([]), /a.log: not a regular file/)
  assert.deepEqual(delivered, [['a']])
})

for (const kept of [0, 0.1, 0.99]) {
  test(`a record of changes of which ${kept} is left is reported once, and due until it is delivered`, async (t) => {
    const { path, open, changeOf, run, delivered, warnings } = openPlace(t, 'a', 'b')
    const fail = () => run([], () => Promise.reject(new Error('no network'))).catch(() => undefined)
    const damage = () => {
      truncateSync(path, Math.floor(kept * statSync(path).size))
    }
    await run(['a'], () => Promise.reject(new Error('no network'))).catch(() => undefined)
    damage()
    for (let i = 0; i < 2; i++) await fail()
    for (let i = 0; i < 2; i++) await run([])
    assert.deepEqual([delivered.splice(0), warnings.length], [[['a'], [], [], []], 1])
    // The run that finds the damage is killed
    await run(['a'], () => Promise.reject(new Error('no network'))).catch(() => undefined)
    damage()
    await open().plan('created', changeOf('never-written'))
    await run(['b'])
    await run([])
    assert.deepEqual([delivered, warnings.length, existsSync(path)], [[['a'], ['b']], 2, false])
    for (const each of warnings) assert.match(each, /^state [^ ]+\/due\/a\.log: damaged, kept as /)
  })
}
