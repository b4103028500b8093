import assert from 'node:assert/strict'
import { pbkdf2 } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { lineOf } from '../../../src/disk/state/journal.js'
import {
  TorrentRecords,
  type RecordsOptions,
  type TorrentLog,
  type TorrentRecord,
} from '../../../src/disk/state/torrent-log.js'
import { longTest } from '../../support/long.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'

const TARGET = '/srv/torrents'
const NOTHING = new Uint8Array(0)
const NOW = 1_700_000_000_000

function recordOf(seed: number, source = `/srv/files/${seed}`): TorrentRecord {
  return {
    source,
    input: pseudoRandom(48, seed),
    fingerprint: pseudoRandom(40, seed + 1),
    written: {
      file: pseudoRandom(32, seed + 2),
      info: pseudoRandom(32, seed + 3),
      keys: { announce: 'AAAAAAAA', 'creation date': 'BBBBBBBB' },
    },
    replaced: null,
  }
}

/** Whether a log has the identity of a record. */
function isUnchanged(log: TorrentLog, name: string, record: TorrentRecord): boolean {
  const [directory = '', entry = ''] = record.source.split(/(?<=\/)(?=[^/]*$)/)
  return log.isUnchanged(name, { ...record, source: { directory, name: entry } })
}

class Place {
  readonly stateDirectory: string
  readonly warnings: string[] = []

  constructor(t: TestContext) {
    this.stateDirectory = join(makeScratch(t), 'state')
  }

  open(options: Partial<RecordsOptions> = {}) {
    const { stateDirectory } = this
    const warn = (message: string) => this.warnings.push(message)
    const rest = { isReadOnly: false, now: () => NOW, warn }
    const records = new TorrentRecords({ stateDirectory, root: TARGET, ...rest, ...options })
    return Object.assign(records.in(''), { close: () => records.close() })
  }

  /** Puts records and closes. */
  async fill(records: Record<string, TorrentRecord | null>): Promise<void> {
    const log = this.open()
    for (const [name, record] of Object.entries(records)) log.put(name, record)
    await log.close()
  }

  get directory(): string {
    return join(this.stateDirectory, 'torrents')
  }

  /** The path of the one file. */
  get file(): string {
    const [name] = readdirSync(this.directory).filter((each) => each.endsWith('.log'))
    return join(this.directory, name!)
  }
}

test('what was put is there after closing, of every kind and under any name', async (t) => {
  const place = new Place(t)
  const open = readdirSync('/proc/self/fd').length
  const names = [
    'a.torrent',
    '日本.torrent',
    'new\nline.torrent',
    '"],"source":.torrent',
    '\\.torrent',
  ]
  const records = Object.fromEntries(names.map((name, i) => [name, recordOf(i, `/srv/${name}`)]))
  records['old.torrent'] = {
    ...recordOf(9),
    written: { file: pseudoRandom(32), info: null, keys: null },
    replaced: recordOf(8).written,
  }
  await place.fill(records)
  const log = place.open()
  for (const [name, record] of Object.entries(records)) {
    assert.deepEqual(log.get(name), record)
    assert.ok(isUnchanged(log, name, record))
  }
  assert.deepEqual([log.get('b.torrent'), place.warnings], [null, []])
  assert.ok(!place.open({ root: '/srv/other' }).has('a.torrent'))
  await log.close()
  assert.equal(readdirSync('/proc/self/fd').length, open)
})

test('what was put is known before and after a flush, however long it is', async (t) => {
  const log = new Place(t).open()
  const records = [recordOf(1), recordOf(2, `/srv/${'long/'.repeat(100_000)}`), recordOf(3)]
  for (const [i, record] of records.entries()) log.put(`${i}.torrent`, record)
  for (const act of [() => Promise.resolve(), () => log.flush()]) {
    await act()
    for (const i of [2, 0, 1]) {
      const record = records[i]!
      assert.deepEqual(log.get(`${i}.torrent`), record)
      assert.ok(isUnchanged(log, `${i}.torrent`, record))
    }
  }
  log.put('1.torrent', recordOf(5))
  log.put('2.torrent', null)
  for (const act of [() => Promise.resolve(), () => log.flush()]) {
    await act()
    const known = [0, 1, 2].map((i) => log.get(`${i}.torrent`))
    assert.deepEqual(known, [recordOf(1), recordOf(5), null])
    assert.ok(!isUnchanged(log, '2.torrent', recordOf(3)))
  }
  await log.close()
})

test('another source, input or fingerprint is a change', async (t) => {
  const place = new Place(t)
  await place.fill({ 'a.torrent': recordOf(1) })
  const log = place.open()
  for (const part of ['source', 'input', 'fingerprint'] as const) {
    assert.ok(!isUnchanged(log, 'a.torrent', { ...recordOf(1), [part]: recordOf(5)[part] }), part)
  }
})

test('each byte of a fingerprint counts, except those of the device', async (t) => {
  const place = new Place(t)
  const record = recordOf(1)
  await place.fill({ 'a.torrent': record })
  const log = place.open()
  for (const at of record.fingerprint.keys()) {
    const fingerprint = Uint8Array.from(record.fingerprint)
    fingerprint[at]! ^= 1
    assert.equal(isUnchanged(log, 'a.torrent', { ...record, fingerprint }), at >= 32, String(at))
  }
})

test('of the records of very many parts of a tree, few are open at a time', async (t) => {
  const place = new Place(t)
  const parts = Array.from({ length: 128 }, (_, i) => `part ${i}`)
  for (const part of parts) {
    const log = place.open({ root: join(TARGET, part) })
    log.put('a.torrent', recordOf(1))
    await log.close()
  }
  const { stateDirectory } = place
  const options = {
    stateDirectory,
    root: TARGET,
    isReadOnly: false,
    now: () => NOW,
    warn: assert.ifError,
  }
  const tree = new TorrentRecords(options)
  await tree.beginTree()
  const wait = { waitSeconds: 0, signal: new AbortController().signal }
  for (const part of parts) await tree.takeIn(part, wait)
  assert.equal(readdirSync(place.directory).filter((name) => name.endsWith('.log')).length, 1)
  assert.ok(parts.every((part) => tree.in(part).has('a.torrent')))
  await tree.close()
})

test('a run that puts nothing writes nothing', async (t) => {
  const place = new Place(t)
  await place.open().close()
  assert.throws(() => statSync(place.stateDirectory), { code: 'ENOENT' })
  await place.fill({ 'a.torrent': recordOf(1) })
  const before = statSync(place.file)
  await place.open().close()
  const { ino, mtimeMs, size } = statSync(place.file)
  assert.deepEqual([ino, mtimeMs, size], [before.ino, before.mtimeMs, before.size])
})

test('one that must change nothing keeps what is put in memory alone', async (t) => {
  const place = new Place(t)
  const log = place.open({ isReadOnly: true })
  log.put('a.torrent', recordOf(1))
  await log.flush()
  assert.deepEqual(log.get('a.torrent'), recordOf(1))
  await log.close()
  assert.throws(() => statSync(place.stateDirectory), { code: 'ENOENT' })
})

test('after a flush a record is in the file, without closing', async (t) => {
  const place = new Place(t)
  const log = place.open()
  await Promise.all(
    [1, 2, 3].map(async (seed) => {
      log.put(`${seed}.torrent`, recordOf(seed))
      await log.flush()
      assert.deepEqual(place.open().get(`${seed}.torrent`), recordOf(seed))
    }),
  )
  await log.close()
})

test('a file that is written anew keeps what this run left as it was', async (t) => {
  const place = new Place(t)
  await place.fill({ 'a.torrent': recordOf(1), 'b.torrent': recordOf(2) })
  const log = place.open()
  log.put('b.torrent', recordOf(3))
  await log.flush()
  for (let i = 0; i < 2000; i++) {
    log.put('c.torrent', recordOf(i))
    if (i % 500 === 0) await log.flush()
  }
  log.put('d.torrent', recordOf(4))
  log.put('d.torrent', null)
  await log.close()
  assert.ok(readFileSync(place.file).length < 3000)
  const again = place.open()
  const known = ['a', 'b', 'c', 'd'].map((name) => again.get(`${name}.torrent`))
  assert.deepEqual(known, [recordOf(1), recordOf(3), recordOf(1999), null])
})

test('what is put while a file is written anew is kept', async (t) => {
  const place = new Place(t)
  const log = place.open()
  const put = (name: string, i: number | null) => {
    log.put(`${name}.torrent`, i === null ? null : recordOf(i))
  }
  for (let i = 0; i < 3000; i++) put(`${i % 1000}`, i)
  const state = { isOver: false }
  const written = log.flush().finally(() => {
    state.isOver = true
  })
  for (let i = 0; !state.isOver; i++) {
    put('7', i)
    put('new', i)
    put('8', null)
    await setImmediate()
  }
  await written
  put('9', 9)
  await log.close()
  const [again, names] = [place.open(), ['7', 'new', '8', '9', '10']]
  const known = names.map((name) => again.get(`${name}.torrent`))
  assert.deepEqual(
    known,
    names.map((name) => log.get(`${name}.torrent`)),
  )
  assert.deepEqual(known.slice(2), [null, recordOf(9), recordOf(2010)])
  assert.deepEqual(place.warnings, [])
})

for (const what of ['was removed', 'another one replaced']) {
  test(`a file that ${what} meanwhile is written again as a whole`, async (t) => {
    const place = new Place(t)
    const log = place.open()
    log.put('a.torrent', recordOf(1))
    await log.flush()
    const { file } = place
    rmSync(file)
    if (what !== 'was removed') writeFileSync(file, 'another')
    log.put('b.torrent', recordOf(2))
    await log.close()
    const again = place.open()
    assert.deepEqual([again.get('a.torrent'), again.get('b.torrent')], [recordOf(1), recordOf(2)])
  })
}

longTest(
  'wherever the last line is cut off, that is told, the lines before it stand, and others follow',
  async (t) => {
    const place = new Place(t)
    await place.fill({ 'a.torrent': recordOf(1), 'b.torrent': recordOf(2) })
    const whole = readFileSync(place.file)
    const last = whole.lastIndexOf('\n', whole.length - 2) + 1
    for (let length = last; length < whole.length; length += 7) {
      // A power cut may leave zeros
      const zeros = Buffer.alloc(length % 2 === 0 && length > last ? 4096 : 0)
      writeFileSync(place.file, Buffer.concat([whole.subarray(0, length), zeros]))
      place.warnings.length = 0
      const log = place.open({ now: () => length })
      assert.deepEqual([log.get('a.torrent'), log.get('b.torrent')], [recordOf(1), null])
      log.put('c.torrent', recordOf(3))
      await log.close()
      const again = place.open()
      assert.deepEqual([again.get('a.torrent'), again.get('c.torrent')], [recordOf(1), recordOf(3)])
      assert.equal(place.warnings.length, length === last ? 0 : 1)
    }
  },
)

longTest(
  'damage to any byte loses at most two torrents, is told, and the file is kept',
  async (t) => {
    const place = new Place(t)
    const names = ['a', 'b', 'c', 'd']
    await place.fill(Object.fromEntries(names.map((name, i) => [name, recordOf(i)])))
    const { file } = place
    const whole = readFileSync(file)
    for (let at = 0; at < whole.length - 1; at += 13) {
      const damaged = Buffer.from(whole)
      damaged[at]! ^= 0x15
      writeFileSync(file, damaged)
      place.warnings.length = 0
      const log = place.open({ now: () => at })
      // A newline that is gone makes one line of two
      const known = names.filter((name) => log.get(name) !== null)
      assert.ok(known.length >= 2, `byte ${at}: ${known.join()}`)
      for (const name of known) assert.deepEqual(log.get(name), recordOf(names.indexOf(name)))
      assert.equal(place.warnings.length, 1, `byte ${at}`)
      assert.deepEqual(readFileSync(`${file}.damaged-${at}`), damaged)
      await log.close()
      assert.ok(known.every((name) => place.open().get(name)))
      assert.equal(place.warnings.length, 1)
    }
  },
)

for (const [what, content] of [
  ['something else', 'my notes\n'],
  ['nothing', ''],
  ['random bytes', pseudoRandom(5000)],
  ['zeros', Buffer.alloc(5000)],
] as const) {
  test(`a file that holds ${what} is set aside, and work goes on`, async (t) => {
    const place = new Place(t)
    await place.fill({ 'a.torrent': recordOf(1) })
    const { file } = place
    writeFileSync(file, content)
    const log = place.open()
    assert.equal(log.get('a.torrent'), null)
    log.put('b.torrent', recordOf(2))
    await log.close()
    assert.equal(place.warnings.length, 1)
    assert.match(place.warnings[0]!, /^state [^\n]+damaged-1700000000000[^\n]+$/)
    assert.deepEqual(readFileSync(`${file}.damaged-${NOW}`), Buffer.from(content))
    assert.deepEqual(place.open().get('b.torrent'), recordOf(2))
  })
}

test('one that must change nothing tells of damage and mends nothing', async (t) => {
  const place = new Place(t)
  await place.fill({ 'a.torrent': recordOf(1), b: recordOf(2) })
  const damaged = readFileSync(place.file)
  damaged[100]! ^= 1
  writeFileSync(place.file, damaged)
  await place.open({ isReadOnly: true }).close()
  assert.deepEqual([place.warnings.length, readFileSync(place.file)], [1, damaged])
})

test('what a newer btkit wrote is refused and left alone', async (t) => {
  const place = new Place(t)
  await place.fill({ 'a.torrent': recordOf(1) })
  writeFileSync(place.file, lineOf('', '{"btkit":"torrents","version":2}'))
  const before = readFileSync(place.file)
  assert.throws(() => place.open(), {
    code: 'io',
    message: /a newer btkit wrote it; upgrade btkit or name another with --state-dir$/,
  })
  assert.deepEqual(readFileSync(place.file), before)
})

test('where nothing can be written a flush fails, each time, and names the file', async (t) => {
  const place = new Place(t)
  writeFileSync(place.stateDirectory, 'in the way')
  assert.throws(() => place.open(), { code: 'not-found', message: /^state .*: not a directory$/ })
  const below = place.open({ stateDirectory: '/proc/nowhere/state' })
  for (const seed of [1, 2]) {
    below.put('a.torrent', recordOf(seed))
    await assert.rejects(below.flush(), { code: 'not-found', message: /^state \/proc\// })
  }
  await below.close()
})

const asUser = { skip: process.getuid?.() === 0 && 'root may read everything' }

test('a file that may not be read is an error that names it', asUser, async (t) => {
  const place = new Place(t)
  await place.fill({ 'a.torrent': recordOf(1) })
  chmodSync(place.file, 0)
  assert.throws(() => place.open(), { code: 'not-permitted' })
})

test('a log that is closed while the disk is at work waits for that', async (t) => {
  const place = new Place(t)
  const log = place.open()
  log.put('first', recordOf(1))
  await log.flush()
  // The threads that bring files to the disk have other work
  const busy = Array.from({ length: 8 }, () => promisify(pbkdf2)('', '', 50_000, 64, 'sha512'))
  log.put('second', recordOf(2))
  const flushed = log.flush()
  await setImmediate()
  await log.close()
  await assert.doesNotReject(flushed)
  await Promise.all(busy)
})

/** As many torrents as have an index. */
const MANY = 1200
const many = Object.fromEntries(
  Array.from({ length: MANY }, (_, i) => [`${i} é.torrent`, recordOf(i, `/srv/files/${i} é`)]),
)

test('many torrents are known by their index as by the journal', async (t) => {
  const place = new Place(t)
  await place.fill({ ...many, 'half.torrent': { ...recordOf(1, '/srv/half'), input: NOTHING } })
  const log = place.open()
  // In another order than theirs, too
  for (const name of [...Object.keys(many), ...Object.keys(many).reverse()]) {
    const record = many[name]!
    assert.ok(isUnchanged(log, name, record), name)
    assert.equal(log.sourceOf(name), record.source)
    assert.ok(!isUnchanged(log, name, { ...record, source: `${record.source}x` }))
    assert.ok(
      !isUnchanged(log, name, { ...record, source: record.source.replace('files', 'file') }),
    )
    assert.ok(!isUnchanged(log, name, { ...record, input: recordOf(5000).input }))
    assert.ok(!isUnchanged(log, name, { ...record, fingerprint: recordOf(5000).fingerprint }))
  }
  assert.deepEqual(
    ['0 é.torrent', 'half.torrent', 'missing.torrent'].map((name) => log.has(name)),
    [true, true, false],
  )
  assert.deepEqual(
    ['half.torrent', 'missing.torrent'].map((name) => log.sourceOf(name)),
    ['/srv/half', null],
  )
  assert.equal(log.get('missing.torrent'), null)
  // As the journal has it
  assert.equal(log.sourceOf('8 é.torrent'), '/srv/files/8 é')
  assert.deepEqual(log.get('7 é.torrent'), many['7 é.torrent'])
  await log.close()
})

test('an index counts only for the journal that it was made of', async (t) => {
  const place = new Place(t)
  await place.fill(many)
  // A kill after the journal was written, and before the index was
  const line = JSON.stringify(null)
  appendFileSync(place.file, lineOf('0 é.torrent', line))
  const log = place.open()
  assert.ok(!isUnchanged(log, '0 é.torrent', many['0 é.torrent']!))
  assert.ok(!log.has('0 é.torrent'))
  assert.ok(isUnchanged(log, '1 é.torrent', many['1 é.torrent']!))
  await log.close()
  assert.deepEqual([place.open().get('0 é.torrent'), place.warnings], [null, []])
})

test('a damaged, cut or missing index loses nothing, and is written again', async (t) => {
  const place = new Place(t)
  await place.fill(many)
  const index = `${place.file}.index`
  const whole = readFileSync(index)
  const damaged = [0, 40, 60, 2000, whole.length >> 1, whole.length - 1].map((at) => {
    const bytes = Buffer.from(whole)
    bytes[at]! ^= 1
    return bytes
  })
  for (const bytes of [...damaged, whole.subarray(0, -1), whole.subarray(0, 10), NOTHING, null]) {
    if (bytes === null) rmSync(index)
    else writeFileSync(index, bytes)
    const log = place.open()
    for (const [name, record] of Object.entries(many)) assert.ok(isUnchanged(log, name, record))
    await log.close()
    assert.deepEqual(readFileSync(index), whole)
  }
  assert.deepEqual(place.warnings, [])
})

test('a reader that changes nothing writes no index', async (t) => {
  const place = new Place(t)
  await place.fill(many)
  rmSync(`${place.file}.index`)
  const log = place.open({ isReadOnly: true })
  log.put('0 é.torrent', null)
  await log.close()
  assert.deepEqual(readdirSync(place.directory).length, 1)
})
