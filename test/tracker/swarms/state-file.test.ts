import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { StateFile } from '../../../src/tracker/swarms/state-file.js'
import { encodeBencode } from '../../../src/metainfo/bencode/encode.js'
import { makeScratch } from '../../support/scratch.js'
import { bencodable, type PlainDict } from '../../support/torrents.js'
import { announceOf, digestOf, makeStore, peersOf } from './store.js'

const NOW = 1_800_000_000_000

/** A tracker's swarms and their state file. */
function stateIn(directory: string, now = NOW) {
  const { store, clock } = makeStore()
  const told: string[] = []
  const path = join(directory, 'state')
  const warn = (line: string) => told.push(line)
  const file = new StateFile(path, store, { now: () => now, warn, onError: assert.ifError })
  const peers = (torrent = 'torrent') =>
    peersOf(store.announce(announceOf({ torrent, peer: 'asks', at: '10.9.9.9', port: 1 })))
  return { store, clock, file, path, told, peers }
}

/** The saved state of two peers. */
async function savedState(t: TestContext) {
  const directory = makeScratch(t)
  const { store, file, path } = stateIn(directory)
  store.announce(announceOf({ peer: 'seed', at: '10.0.0.2', isComplete: true, event: 'completed' }))
  store.announce(announceOf({ peer: 'leech', at: '2001:db8:0:0:0:0:0:1', port: 7000 }))
  await file.save()
  return { directory, path }
}

test('peers that expired while the tracker was down are gone', async (t) => {
  const { directory } = await savedState(t)
  const { store, file } = stateIn(directory, NOW + 2_800_000)
  await file.load()
  await file.prepareToSave()
  const counts = store.scrape(digestOf('torrent'))
  assert.deepEqual([counts?.complete, counts?.incomplete, counts?.downloaded], [0, 0, 1])
})

test('without a file there are no swarms; the first save creates it for owner and group', async (t) => {
  const directory = makeScratch(t)
  const { file, store, path } = stateIn(directory)
  await file.load()
  await file.prepareToSave()
  assert.equal(store.totals().peers, 0)
  await file.save()
  assert.equal(statSync(path).mode & 0o007, 0)
  assert.deepEqual(readdirSync(directory), ['state'])
})

test('an empty file, as created by mktemp, is a state without swarms', async (t) => {
  const directory = makeScratch(t, { state: '' })
  const { file, told } = stateIn(directory)
  await file.load()
  await file.prepareToSave()
  await file.save()
  assert.deepEqual(told, [])
  assert(statSync(join(directory, 'state')).size > 0)
})

for (const [what, damage] of [
  ['with another byte', (bytes: Buffer) => bytes.fill(7, 60, 61)],
  ['cut off', (bytes: Buffer) => bytes.subarray(0, -5)],
  ['with nothing but its header', (bytes: Buffer) => bytes.subarray(0, bytes.indexOf('\n') + 1)],
  ['cut off in its header', (bytes: Buffer) => bytes.subarray(0, bytes.indexOf('\n'))],
  ['cut off after a byte', (bytes: Buffer) => bytes.subarray(0, 1)],
  ['that is zeros', (bytes: Buffer) => bytes.fill(0)],
  ['that is few zeros', () => Buffer.alloc(5)],
  ['that begins with zeros', (bytes: Buffer) => bytes.fill(0, 0, 100)],
  ['with bytes after its end', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')])],
] as const) {
  test(`a state ${what} is renamed and reported`, async (t) => {
    const { directory, path } = await savedState(t)
    const damaged = Buffer.from(damage(readFileSync(path)))
    writeFileSync(path, damaged)
    const { file, store, told } = stateIn(directory)
    await file.load()
    await file.prepareToSave()
    assert.equal(store.totals().peers, 0)
    assert.deepEqual(readdirSync(directory), [`state.damaged-${NOW}`])
    assert.deepEqual(readFileSync(`${path}.damaged-${NOW}`), damaged)
    assert.deepEqual(told, [
      `${path}: a damaged state cannot be read; renamed to ${path}.damaged-${NOW}, and the tracker starts without peers`,
    ])
  })
}

/** A state that version 0.1 saved, with a seed and a leech. */
const SAVED =
  'YnRraXQgdHJhY2tlciBzdGF0ZSAxIDE4MDAwMDAwMDAKBdOc6jk6rmM3AaLsZ9iCDXhiJ33BcZsluNwS6MioAAAAAQIJAAAA' +
  'ABrhAAAAAJJxPUcJN3ERzzHypxmGxBG9bLWwCgAAAgMCAAAAABtYAAAAAEFq4honstPAJRZomTYP6L/wWCtZIAENuAAAAAAA' +
  'AAAAAAAAAQSshelxOYaFI9zl17PQEdrPtSbC+mLOgk7OmETMIA7XUw=='

test('a state that an earlier version saved is read', async (t) => {
  const directory = makeScratch(t, { state: Buffer.from(SAVED, 'base64') })
  const { file, peers } = stateIn(directory)
  await file.load()
  await file.prepareToSave()
  assert.deepEqual(peers().sort(), ['10.0.0.2:6881', '2001:db8:0:0:0:0:0:1:7000'])
})

test('a state of a later version is not changed', async (t) => {
  const directory = makeScratch(t, { state: 'btkit tracker state 2 1800000000\nwhatever' })
  const { file, path } = stateIn(directory)
  await assert.rejects(file.load(), {
    message: `${path}: saved by a later version of btkit; name another --state-dir`,
  })
  assert(existsSync(path))
})

test('a file that is not a state is not changed', async (t) => {
  const directory = makeScratch(t, { state: 'root:x:0:0\n' })
  const { file, path } = stateIn(directory)
  const way = 'move it away, or name another --state-dir'
  await assert.rejects(file.load(), { message: `${path}: not the state of a tracker; ${way}` })
})

test('a directory is refused', async (t) => {
  const directory = makeScratch(t)
  mkdirSync(join(directory, 'state'))
  const { file, path } = stateIn(directory)
  await assert.rejects(file.load(), { message: `${path}: not a regular file` })
})

/** The dictionary that bttrack writes: peers and completed counts of torrents by info hash. */
function dfileOf(state: PlainDict): Uint8Array {
  return encodeBencode(bencodable(state))
}

/** A dictionary with keys of bytes, which an object cannot have. */
function byBytes(key: Uint8Array, value: Parameters<typeof bencodable>[0]) {
  return new Map([[Buffer.from(key).toString('latin1'), bencodable(value)]])
}

test('a bencoded dfile of bttrack is imported, and a copy is kept', async (t) => {
  const peers = new Map([
    ...byBytes(digestOf('a'), { ip: '10.0.0.2', port: 6881, left: 0, nat: 0 }),
    ...byBytes(digestOf('b'), { ip: '10.0.0.3', port: 6882, left: 5, key: 'abc' }),
    ...byBytes(digestOf('c'), { ip: '2001:db8::1', port: 6883, left: 5 }),
    ...byBytes(digestOf('d'), { ip: 'nonsense', port: 6883, left: 5 }),
    ...byBytes(digestOf('e'), { ip: '10.0.0.4', port: 99999, left: 5 }),
  ])
  const top = new Map([
    ['completed', byBytes(digestOf('torrent'), 42)],
    ['peers', new Map([[Buffer.from(digestOf('torrent')).toString('latin1'), peers]])],
    ['allowed', new Map()],
  ])
  const old = encodeBencode(top)
  const directory = makeScratch(t, { state: old })
  utimesSync(join(directory, 'state'), NOW / 1000 - 60, NOW / 1000 - 60)
  const { file, store, told, path, peers: found } = stateIn(directory)
  await file.load()
  await file.prepareToSave()
  assert.deepEqual(store.scrape(digestOf('torrent')), {
    complete: 1,
    incomplete: 2,
    downloaders: 2,
    downloaded: 42,
  })
  assert.deepEqual(found(), ['10.0.0.2:6881', '10.0.0.3:6882', '2001:db8:0:0:0:0:0:1:6883'])
  assert.deepEqual(told, [
    `${path}: state of bttrack imported; the original is kept as ${path}.bttrack`,
  ])
  await file.save()
  assert.deepEqual(readFileSync(`${path}.bttrack`), Buffer.from(old))
  const again = stateIn(directory)
  await again.file.load()
  assert.equal(again.store.scrape(digestOf('torrent'))?.downloaded, 42)
  assert.deepEqual(again.told, [])
})

test('a dfile of the oldest bttrack, with peers only, is imported', async (t) => {
  const peers = byBytes(digestOf('a'), { ip: '10.0.0.2', port: 6881, left: 0 })
  const top = new Map([[Buffer.from(digestOf('torrent')).toString('latin1'), peers]])
  const directory = makeScratch(t, { state: encodeBencode(top) })
  utimesSync(join(directory, 'state'), NOW / 1000, NOW / 1000)
  const { file, store } = stateIn(directory)
  await file.load()
  await file.prepareToSave()
  assert.equal(store.scrape(digestOf('torrent'))?.complete, 1)
})

test('an empty dfile of bttrack gives no swarms', async (t) => {
  const directory = makeScratch(t, { state: dfileOf({ completed: {}, peers: {} }) })
  const { file, store } = stateIn(directory)
  await file.load()
  await file.prepareToSave()
  assert.equal(store.totals().swarms, 0)
})

test('a file that only begins like a dfile is not changed', async (t) => {
  const directory = makeScratch(t, { state: 'dear diary' })
  const { file, path } = stateIn(directory)
  await assert.rejects(file.load(), {
    message: /^.*state: not the state of a tracker \(offset 2: /,
  })
  assert(existsSync(path))
})

test('a dfile that Python pickled is an error, and stays', async (t) => {
  for (const state of ["(dp0\nS'completed'\n", Uint8Array.of(0x80, 4, 0x95, 0, 0, 0)]) {
    const directory = makeScratch(t, { state })
    const { file, path } = stateIn(directory)
    const what = "perhaps a dfile in Python's pickle format; btkit reads only bencode"
    const way = 'move it away, or name another --state-dir'
    const message = `${path}: not the state of a tracker, but ${what}; ${way}`
    await assert.rejects(file.load(), { message })
    assert(existsSync(path))
  }
})

test('a directory that cannot be written is an error that names the file', async (t) => {
  const { file, path } = stateIn(join(makeScratch(t), 'missing'))
  await assert.rejects(file.save(), {
    message: `${path}: could not save the state: no such file or directory`,
  })
})

test('other work has its turn after each slice that is saved while the tracker runs', async (t) => {
  let turns = 0
  const seen: number[] = []
  const count = () => {
    turns += 1
    if (seen.length < 5) setImmediate(count)
  }
  const save = function* () {
    for (let slice = 0; slice < 5; slice += 1) {
      seen.push(turns)
      yield Uint8Array.of(slice)
    }
  }
  const { store } = makeStore()
  store.save = save
  const world = { now: () => NOW, warn: assert.ifError, onError: assert.ifError }
  setImmediate(count)
  await new StateFile(join(makeScratch(t), 'state'), store, world).saveOrReport()
  assert.equal(new Set(seen).size, 5)
})

test('the newest three damaged states are kept', async (t) => {
  const directory = makeScratch(t)
  for (let i = 0; i < 5; i++) {
    const { file, path } = stateIn(directory, NOW + i)
    await file.save()
    const bytes = readFileSync(path)
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(path, bytes)
    const damaged = stateIn(directory, NOW + i)
    await damaged.file.load()
    await damaged.file.prepareToSave()
  }
  const expected = [2, 3, 4].map((i) => `state.damaged-${NOW + i}`)
  assert.deepEqual(readdirSync(directory).sort(), expected)
})
