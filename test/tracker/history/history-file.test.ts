import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { History, MAX_TORRENTS } from '../../../src/tracker/history/history.js'
import { HistoryFile } from '../../../src/tracker/history/history-file.js'
import { MAX_HISTORY_SIZE } from '../../../src/tracker/history/history-format.js'
import { makeScratch } from '../../support/scratch.js'

const START = Date.UTC(2026, 10, 20)
const HASH = 'ab'.repeat(20)
const counts = (complete: number) => ({ complete, downloading: 2, downloaded: 0 })

function historyIn(directory: string) {
  const history = new History()
  const told: string[] = []
  const path = join(directory, 'history')
  const warn = (line: string) => told.push(line)
  const file = new HistoryFile({ path, history, now: () => START, warn })
  const note = (complete: number, at: number, torrents = [HASH]) => {
    const held = new Map(torrents.map((hash) => [hash, counts(complete)]))
    const others = [...held].filter(([hash]) => !history.torrents.has(hash))
    history.note({ totals: counts(complete), held, others }, at)
  }
  return { history, file, path, told, note }
}

async function savedHistory(t: TestContext) {
  const directory = makeScratch(t)
  const { file, note, path } = historyIn(directory)
  note(7, START)
  await file.save()
  return { directory, path }
}

test('a history survives a restart, and its slots go on', async (t) => {
  const { directory, path } = await savedHistory(t)
  assert.equal(statSync(path).mode & 0o007, 0)
  const { history, file, note, told } = historyIn(directory)
  await file.load()
  note(9, START + 60_000)
  for (const infoHash of [null, HASH]) {
    const { at, ...last } = history.of(infoHash, 'year')?.at(-1) ?? {}
    assert.deepEqual([at, last], [START, { complete: 8, downloading: 2, completed: 0 }])
    assert.equal(history.of(infoHash, 'day')?.at(-2)?.complete, null)
  }
  assert.deepEqual(told, [])
})

test('without samples no file is written', async (t) => {
  const directory = makeScratch(t)
  const { file, told } = historyIn(directory)
  await file.load()
  await file.save()
  assert.deepEqual([readdirSync(directory), told], [[], []])
})

test('the file is saved when it is a quarter of an hour old, even if the clock is set back', async (t) => {
  const { file, note, path } = historyIn(makeScratch(t))
  const saved = async (at: number) => {
    rmSync(path, { force: true })
    note(1, at)
    await file.saveIfDue()
    return readdirSync(join(path, '..')).length === 1
  }
  assert.equal(await saved(START), true)
  assert.equal(await saved(START + 14 * 60_000), false)
  assert.equal(await saved(START + 15 * 60_000), true)
  assert.equal(await saved(START - 3_600_000), true)
})

test('the largest history has a bounded file', async (t) => {
  const { file, note, path } = historyIn(makeScratch(t))
  const all = Array.from({ length: MAX_TORRENTS + 5 }, (_, i) => i.toString(16).padStart(40, '0'))
  note(1, START, all)
  await file.save()
  assert.equal(statSync(path).size, MAX_HISTORY_SIZE)
  assert(MAX_HISTORY_SIZE < 10_000_000)
  const again = historyIn(join(path, '..'))
  await again.file.load()
  assert.equal(again.history.torrents.size, MAX_TORRENTS)
})

test('a damaged or foreign file is renamed, and the history begins again', async (t) => {
  const { directory, path } = await savedHistory(t)
  const whole = readFileSync(path)
  const flipped = Uint8Array.from(whole)
  flipped[whole.length >> 1] = 255 - (flipped[whole.length >> 1] ?? 0)
  const faults = {
    flipped,
    cut: whole.subarray(0, -1),
    header: whole.subarray(0, 30),
    empty: new Uint8Array(0),
    zeros: new Uint8Array(whole.length),
    foreign: Buffer.from('<html>'),
    large: new Uint8Array(MAX_HISTORY_SIZE + 1),
  }
  for (const [name, bytes] of Object.entries(faults)) {
    writeFileSync(path, bytes)
    const { history, file, told, note } = historyIn(directory)
    await file.load()
    assert.equal(history.of(null, 'day'), null, name)
    assert.deepEqual(Buffer.from(readFileSync(path)), Buffer.from(bytes), name)
    note(1, START)
    await file.save()
    assert.match(told.join(), /^[^,]*history: .*; renamed to .*, and the charts begin again$/, name)
    const aside = readdirSync(directory).filter((each) => each.includes('damaged'))
    assert.equal(aside.length, 1, name)
    const again = historyIn(directory)
    await again.file.load()
    assert.equal(again.history.of(null, 'day')?.at(-1)?.complete, 1, name)
  }
})

test('a directory in the place of the file is renamed, too', async (t) => {
  const directory = makeScratch(t)
  const { file, path, told, note } = historyIn(directory)
  mkdirSync(path)
  await file.load()
  note(1, START)
  await file.save()
  assert.match(told.join(), /history: not a regular file; renamed to/)
  assert(statSync(path).isFile())
})

test('a failed save is one warning, and the history goes on', async (t) => {
  const { file, path, told, note } = historyIn(join(makeScratch(t), 'gone'))
  note(1, START)
  await file.save()
  await file.save()
  assert.equal(told.length, 1)
  assert.match(told.join(), /history: could not save the history: /)
  mkdirSync(join(path, '..'))
  await file.save()
  assert(statSync(path).isFile())
})
