import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import * as btkit from '../../src/library/index.js'
import { serveFiles } from '../support/file-server.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { makeScratch } from '../support/scratch.js'
import { plantEndless } from '../support/endless.js'

const { makeTorrent, parseMetainfo } = btkit

/** Of several pieces, a piece and a byte, one block, and nothing. */
const FILES = {
  'tree/a.bin': pseudoRandom(200_000, 1),
  'tree/b/c.bin': pseudoRandom(65_537, 2),
  'tree/b/d.bin': pseudoRandom(16_384, 3),
  'tree/empty': '',
  'tree/z.txt': 'text\n',
}
const PIECE = 65_536

/** A package without types. */
const PEER: string = 'create-torrent'

test('makes the torrent of a directory and writes it', async (t) => {
  const scratch = makeScratch(t, FILES)
  const output = join(scratch, 'tree.torrent')
  const trackers = [['http://a.example/announce', 'udp://b.example:1'], 'http://c.example/']
  const made = await makeTorrent(join(scratch, 'tree'), { output, trackers, comment: 'c' })
  assert.deepEqual(readFileSync(output), Buffer.from(made.bytes))
  const metainfo = parseMetainfo(made.bytes)
  assert.equal(metainfo.infoHash, made.infoHash)
  assert.equal(metainfo.announce, 'http://a.example/announce')
  assert.deepEqual(metainfo.announceList, [
    ['http://a.example/announce', 'udp://b.example:1'],
    ['http://c.example/'],
  ])
  assert.equal(metainfo.comment, 'c')
  assert.deepEqual(
    metainfo.files.map(({ path }) => path.join('/')),
    ['a.bin', 'b/c.bin', 'b/d.bin', 'empty', 'z.txt'],
  )
})

for (const version of ['v1', 'v2', 'hybrid'] as const) {
  for (const padFiles of [undefined, true]) {
    test(`${version}, padFiles ${padFiles}: streams give the torrent of the files`, async (t) => {
      const scratch = makeScratch(t, FILES)
      const options = { version, pieceLength: PIECE, padFiles, creationDate: null }
      const expected = await makeTorrent(join(scratch, 'tree'), options)
      const files = Object.entries(FILES).map(([path]) => ({
        path: path.slice('tree/'.length),
        content: createReadStream(join(scratch, path), { highWaterMark: 10_007 }),
      }))
      const made = await makeTorrent({ name: 'tree', files }, options)
      assert.deepEqual(Buffer.from(made.bytes), Buffer.from(expected.bytes))
      assert.equal(made.infoHash, expected.infoHash)
    })
  }
}

for (const version of ['v1', 'v2', 'hybrid'] as const) {
  for (const padFiles of [undefined, true]) {
    test(`${version}, padFiles ${padFiles}: bytes get the piece length of the files`, async (t) => {
      // Aligned files that are shorter than a piece get shorter pieces
      const names = Array.from({ length: 20 }, (_, at) => `file-${at + 10}`)
      const small = names.map((path, at) => ({ path, content: pseudoRandom(9000 + at, at) }))
      const planted = small.map(({ path, content }) => [`tree/${path}`, content] as const)
      const scratch = makeScratch(t, Object.fromEntries(planted))
      const options = { version, padFiles, creationDate: null }
      const expected = await makeTorrent(join(scratch, 'tree'), options)
      const made = await makeTorrent({ name: 'tree', files: small }, options)
      assert.deepEqual(Buffer.from(made.bytes), Buffer.from(expected.bytes))
    })
  }
}

test('bytes are refused for the same paths as files are', async () => {
  const content = Buffer.from('x')
  const make = (path: string, options: object) => {
    const files = [{ path, content }]
    return makeTorrent({ name: 'tree', files }, options)
  }
  const inPads = '.pad/5'
  await rejects(make(inPads, { padFiles: true }), 'bad-name', /pad files/)
  await rejects(make(inPads, { version: 'hybrid' }), 'bad-name', /pad files/)
  assert.ok((await make(inPads, {})).infoHash)
  const deep = Array.from({ length: 97 }, () => 'd').join('/')
  await rejects(make(deep, { version: 'v2' }), 'bad-name', /directories deep/)
  await rejects(make('tree', { version: 'v2' }), 'bad-name', /can't tell a directory/)
  await rejects(make('a\ud800', {}), 'bad-name', /^"a\S+: is not Unicode/)
  const both = ['a/b', 'a', 'c'].map((path) => ({ path, content }))
  await rejects(makeTorrent({ name: 'x', files: both }), 'bad-name', /^x\/a: is both a file/)
  const half = makeTorrent({ name: 'x', content, length: 2 })
  await rejects(half, 'changed', /^x: has 1 byte, not 2$/)
})

test('a list on a server gives the torrent of its files, as makemetafile does', async (t) => {
  const files = { 'rel/a.bin': pseudoRandom(100_000, 1), 'rel/sub/b.txt': 'text', 'rel/c.tmp': '3' }
  const sums = Object.entries(files)
    .map(([path, bytes]) => {
      const digest = createHash('sha256').update(bytes).digest('hex')
      return `${digest}  ${path.slice(4)}\n`
    })
    .join('')
  const scratch = makeScratch(t, files)
  const server = await serveFiles(t, { ...files, 'rel/SHA256SUMS': sums })
  const list = `${server.url}/rel/SHA256SUMS`
  const options = { exclude: ['*.tmp'], creationDate: null }
  const webSeeds = [`${server.url}/`]
  const expected = await makeTorrent(join(scratch, 'rel'), { ...options, webSeeds })
  const baseUrl = `${server.url}/rel`
  for (const source of [{ list }, { list, baseUrl }, { list: Buffer.from(sums), baseUrl }]) {
    const made = await makeTorrent(source, options)
    assert.deepEqual(Buffer.from(made.bytes), Buffer.from(expected.bytes))
    const { name, files: count, skipped } = await btkit.planTorrent(source, options)
    assert.deepEqual([name, count], ['rel', 2])
    assert.deepEqual(skipped, [{ path: 'c.tmp', reason: 'excluded' }])
  }
  const make = (source: btkit.ListedContent, more = {}) => makeTorrent(source, more)
  await rejects(make({ list: Buffer.from(sums) }), 'usage', /^baseUrl: is missing/)
  await rejects(make({ list, baseUrl: 'http://x/?q' }), 'usage', /^baseUrl http:\/\/x\/\?…: not an/)
  await rejects(make({ list }, { name: 'other' }), 'usage', /look for the directory other/)
  await rejects(make({ list }, { order: { by: 'mtime', isDescending: false } }), 'usage', /times/)
  await rejects(make({ list: `${baseUrl}/a.bin` }), 'bad-name', /UTF-8/)
  server.files.set('rel/sub/b.txt', Buffer.from('tex!'))
  await rejects(make({ list }), 'changed', /^sub\/b\.txt: its sha256 is /)
})

test('a single stream gives what create-torrent makes of it', async () => {
  const { default: create } = (await import(PEER)) as {
    default: (
      input: Buffer & { name?: string },
      options: object,
      done: (error: Error | null, torrent: Uint8Array) => void,
    ) => void
  }
  const bytes = pseudoRandom(300_000, 4)
  const theirs = await new Promise<Uint8Array>((resolve, reject) => {
    const input = Object.assign(Buffer.from(bytes), { name: 'one.bin' })
    create(input, { name: 'one.bin', pieceLength: PIECE }, (error, torrent) => {
      if (error) reject(error)
      else resolve(torrent)
    })
  })
  const content = Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)])
  const made = await makeTorrent({ name: 'one.bin', content }, { pieceLength: PIECE })
  assert.equal(made.infoHash, parseMetainfo(theirs).infoHash)
})

for (const version of ['v1', 'v2', 'hybrid'] as const) {
  test(`${version}: the length of a single stream need not be known`, async (t) => {
    const path = join(makeScratch(t, { a: pseudoRandom(5_000_000, 1) }), 'a')
    const options = { version, creationDate: null }
    const expected = await makeTorrent(path, options)
    for (const length of [undefined, 5_000_000]) {
      const content = createReadStream(path)
      const made = await makeTorrent({ name: 'a', content, length }, options)
      assert.deepEqual(Buffer.from(made.bytes), Buffer.from(expected.bytes))
    }
  })
}

test('an automatic piece length needs the lengths of streams below a directory', async () => {
  const content = () => Readable.from([Buffer.from('abc')])
  const files = [{ path: 'a', content: content() }]
  await rejects(makeTorrent({ name: 'n', files }), 'usage', /length is unknown/)
  await rejects(makeTorrent({ name: 'a', content: content(), length: 4 }), 'changed', /3 bytes/)
})

test('bytes that the program transfers while they are hashed count as they were given', async () => {
  const bytes = pseudoRandom(16 * 2 ** 20, 1)
  const expected = await makeTorrent({ name: 'a', content: bytes }, { pieceLength: PIECE })
  const chunk = Uint8Array.from(bytes)
  async function* content() {
    setImmediate(() => structuredClone(chunk, { transfer: [chunk.buffer] }))
    yield await Promise.resolve(chunk)
  }
  const made = await makeTorrent({ name: 'a', content: content() }, { pieceLength: PIECE })
  // Without the accelerator, nothing else is done meanwhile
  await new Promise(setImmediate)
  assert.deepEqual([made.infoHash, chunk.length], [expected.infoHash, 0])
})

test('a limit of the piece length applies to bytes, too', async () => {
  const source = { name: 'a', content: Buffer.alloc(200_000, 'x') }
  const { infoHash } = await makeTorrent(source, { maxPieceLength: 16_384 })
  const given = await makeTorrent(source, { pieceLength: 16_384 })
  assert.equal(infoHash, given.infoHash)
})

test('paths that lead out of the torrent are refused before anything is read', async () => {
  for (const path of ['../a', '/a', 'a//b', 'a/./b']) {
    const content = Readable.from([Buffer.from('abc')])
    const source = { name: 'n', files: [{ path, content }] }
    await rejects(makeTorrent(source, { pieceLength: PIECE }), 'bad-name', /component/)
    assert.equal(content.readableDidRead, false)
  }
})

test('errors are BtkitErrors with codes', async (t) => {
  const scratch = makeScratch(t, { ...FILES, 'notes.txt': 'precious' })
  const source = join(scratch, 'tree')
  await rejects(makeTorrent(join(scratch, 'nothing')), 'not-found', /nothing/)
  await rejects(makeTorrent(source, { pieceLength: 1000 }), 'usage', /power of two/)
  const limit = /maximum piece length 100000: not a power of two/
  await rejects(makeTorrent(source, { maxPieceLength: 100_000 }), 'usage', limit)
  await rejects(makeTorrent(source, { trackers: 'gopher://a' }), 'usage', /tracker/)
  const output = join(scratch, 'notes.txt')
  await rejects(makeTorrent(source, { output }), 'exists', /not a torrent/)
  await makeTorrent(source, { output, force: true })
  assert.equal(readFileSync(output, 'latin1')[0], 'd')
})

test('a torrent with another info hash is only replaced with force', async (t) => {
  const scratch = makeScratch(t, FILES)
  const output = join(scratch, 'a.torrent')
  const [one, two] = [join(scratch, 'tree/a.bin'), join(scratch, 'tree/z.txt')]
  const { infoHash } = await makeTorrent(one, { output })
  const content = { name: 'z.txt', content: readFileSync(two) }
  for (const source of [two, content]) {
    await rejects(makeTorrent(source, { output }), 'exists', /another torrent/)
    assert.equal(parseMetainfo(readFileSync(output)).infoHash, infoHash)
  }
  await makeTorrent(one, { output, comment: 'new' })
  assert.equal(parseMetainfo(readFileSync(output)).comment, 'new')
  const replaced = await makeTorrent(content, { output, force: true })
  assert.equal(parseMetainfo(readFileSync(output)).infoHash, replaced.infoHash)
})

test('the result describes the content, without pad files', async (t) => {
  const tree = join(makeScratch(t, FILES), 'tree')
  const files = Object.entries(FILES).map(([path, content]) => {
    return { path: path.slice('tree/'.length), content: Buffer.from(content) }
  })
  for (const source of [tree, { name: 'tree', files }]) {
    const options = { version: 'hybrid', pieceLength: PIECE } as const
    const { name, size, pieceLength, files: count } = await makeTorrent(source, options)
    const expected = { name: 'tree', size: 281_926, pieceLength: PIECE, count: 5 }
    assert.deepEqual({ name, size, pieceLength, count }, expected)
  }
})

test('an error prints by its name', () => {
  const script = `import { readTorrent } from 'btkit'; await readTorrent('/no/such.torrent')`
  const args = ['--input-type=module', '--eval', script]
  const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  assert.match(stderr, /^BtkitError: \/no\/such\.torrent: no such file or directory/m)
})

test('an aborted signal ends the work, and nothing is written', async (t) => {
  const scratch = makeScratch(t, FILES)
  const output = join(scratch, 'a.torrent')
  const signal = AbortSignal.abort()
  await rejects(makeTorrent(join(scratch, 'tree'), { output, signal }), 'interrupted')
  assert.equal(existsSync(output), false)
  const controller = new AbortController()
  const endless = async function* () {
    for (;;) {
      yield Buffer.alloc(PIECE)
      await new Promise(setImmediate)
      controller.abort()
    }
  }
  const task = makeTorrent(
    { name: 'endless', content: endless() },
    { pieceLength: PIECE, signal: controller.signal },
  )
  await rejects(task, 'interrupted')
})

test('an aborted signal ends the work while nothing comes from a stream', async () => {
  const controller = new AbortController()
  const stalled = new Readable({
    read: () => {
      setImmediate(() => {
        controller.abort()
      })
    },
  })
  const { signal } = controller
  await rejects(makeTorrent({ name: 'stalled', content: stalled }, { signal }), 'interrupted')
  assert.equal(stalled.destroyed, true)
})

test('content that is not bytes is refused, and does not count as empty', async () => {
  const odd: unknown[] = [
    ...[undefined, null, 5, 'text', new ArrayBuffer(5), new Blob(['text']), new Uint16Array(5)],
    ...[['text'], [5], [null], [new ArrayBuffer(5)]],
  ]
  for (const each of odd) {
    const content = each as Uint8Array
    const files = [
      { path: 'a', content: Buffer.from('a') },
      { path: 'b', content },
    ]
    for (const source of [
      { name: 'n', files },
      { name: 'n', content },
    ])
      await rejects(makeTorrent(source, { pieceLength: PIECE }), 'usage', /content: /)
  }
  const files = undefined as unknown as []
  await rejects(makeTorrent({ name: 'n', files }), 'usage', /files: not a list/)
})

test('a length that is not a number of bytes is refused', async () => {
  for (const length of [-1, 1.5, NaN, Infinity, '5' as unknown as number]) {
    const source = { name: 'n', content: Readable.from([Buffer.from('bytes')]), length }
    await rejects(makeTorrent(source), 'usage', /length .*: not a number of bytes/)
  }
})

test('a stream that was read before is refused, and does not count as empty', async () => {
  const content = Readable.from([Buffer.from('abc')])
  const files = [
    { path: 'a', content },
    { path: 'b', content },
  ]
  await rejects(makeTorrent({ name: 'n', files }, { pieceLength: PIECE }), 'usage', /read before/)
})

test('a stream that fails before its turn fails the task, and not the program', async () => {
  const failing = createReadStream('/nonexistent/file')
  const closed = new Promise<void>((resolve) => {
    failing.on('close', resolve)
  })
  async function* slow() {
    yield Buffer.from('abc')
    await closed
  }
  const files = [
    { path: 'a', content: slow() },
    { path: 'b', content: failing },
  ]
  await assert.rejects(makeTorrent({ name: 'n', files }, { pieceLength: PIECE }), /nonexistent/)
})

test('progress comes by callback and by iteration', async (t) => {
  const scratch = makeScratch(t, FILES)
  const told: btkit.Progress[] = []
  const task = makeTorrent(join(scratch, 'tree'), { onProgress: (each) => told.push(each) })
  const seen: btkit.Progress[] = []
  for await (const progress of task) seen.push(progress)
  await task
  const total = 200_000 + 65_537 + 16_384 + 5
  assert.deepEqual([told.at(-1)?.bytesDone, told.at(-1)?.bytesTotal], [total, total])
  assert.deepEqual(seen.at(-1), told.at(-1))
})

test('iteration throws what the work throws', async () => {
  const task = makeTorrent('/nonexistent/file')
  await assert.rejects(async () => {
    for await (const progress of task) assert.fail(JSON.stringify(progress))
  }, /nonexistent/)
})

async function rejects(promise: Promise<unknown>, code: string, message = /./): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof btkit.BtkitError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  })
}

const TORRENT = /^torrent: neither a path, nor bytes, nor metainfo$/

const BYTES = Buffer.from('a')

test('wrong input of callers without types is an error of the library', async (t) => {
  const path = join(makeScratch(t, { a: 'a' }), 'a')
  const make = makeTorrent as (...args: unknown[]) => Promise<unknown>
  const complete = btkit.completeDirectories as (...args: unknown[]) => Promise<unknown>
  const link = btkit.magnetLink as (...args: unknown[]) => string
  const state = /^stateDirectory: not a path/
  const [anything, text] = [undefined as never, 'text' as never]
  for (const [act, message] of [
    [() => make(), /^content: neither a path nor/],
    [() => make(5), /^content: neither a path nor/],
    [() => make(path, { version: 'v3' }), /^version v3: not v1, v2 or hybrid$/],
    [() => make(path, { tracker: 'http://t.example/' }), /^tracker: no such option; use trackers/],
    [
      () => make({ name: 'a', content: Buffer.from('a') }, { trackr: 'http://t.example/' }),
      /^trackr: no such option; use trackers/,
    ],
    [() => make(path, { webSeeds: 'http://w.example/' }), /^webSeeds: not a list/],
    [() => make(path, { include: null }), /^include: not a list/],
    [() => make(path, { comment: 2 }), /^comment: not a text/],
    [() => make(path, { output: 2 }), /^output: not a text/],
    [() => make(path, { targetPieces: 0 }), /^targetPieces: not a number above 0/],
    [() => make(path, { pieceLength: '32768' }), /^piece length 32768: not a power of two/],
    [() => make(path, { links: 'all' }), /^links all: not inside, follow, skip or store/],
    [() => make(path, { order: { by: 'name' } }), /^order name: not path, size or mtime/],
    [() => make(path, { keys: { a: 1 } }), /^keys: not a Map/],
    [() => make(path, { infoKeys: [] }), /^infoKeys: not a Map/],
    [() => make(path, { nodes: ['h:1'] }), /^nodes: not a text/],
    [() => make(path, { nodes: [{ host: 'h' }] }), /^node 'h:NaN': not of the form HOST:PORT/],
    [() => make(path, { exclude: [5] }), /^exclude: not a text/],
    [() => make(path, { maxRate: 0 }), /^maxRate: not a number above 0/],
    [() => make(path, { threads: '2' }), /^threads: not a number above 0/],
    [() => make(path, { cache: path }), /^cache: not a cache; give what openCache/],
    [() => make(path, { trackers: 5 }), /^trackers: neither a URL nor tiers/],
    [() => make(path, { creationDate: new Date(0) }), /^creationDate .*not seconds since 1970/],
    [() => make({ name: 'a', files: [{ path: ['a'], content: BYTES }] }), /^path: not a path/],
    [() => complete(path, { stateDirectory: path, exclude: '*' }), /^exclude: not a list/],
    [() => complete(path, {}), state],
    [() => complete(path, { stateDirectory: path, trackr: 'x' }), /^trackr: no such option/],
    [async () => Promise.resolve(link(path)), /^magnet link: no info hash/],
    [() => btkit.planTorrent(anything), /^content: not a path/],
    [() => btkit.readTorrent(anything), TORRENT],
    [() => btkit.lintTorrent(anything), TORRENT],
    [() => btkit.verifyTorrent(anything, path), TORRENT],
    [() => btkit.verifyTorrent(path, anything), /^content: not a path/],
    [() => btkit.convertTorrent(path, anything, { version: 'v2' }), /^content: not a path/],
    [() => btkit.findData(text, [path]), /^torrents: not a list/],
    [() => btkit.findData([path], text), /^directories: not a list/],
    [() => btkit.findData([anything], [path]), TORRENT],
    [() => btkit.summarizeTorrents(text), /^places: not a list/],
    [() => btkit.scrapeTorrents(text), /^torrents: not a list/],
    [() => btkit.scrapeTorrents([anything]), TORRENT],
    [() => btkit.publishTorrents(text, 'scgi://127.0.0.1:1'), /^torrents: not a list/],
    [() => btkit.publishTorrents([path], anything), /^client: not a URL/],
    [() => btkit.withdrawTorrents([anything], 'scgi://127.0.0.1:1'), TORRENT],
    [() => btkit.listTorrents(anything), /^client: not a URL/],
    [() => complete(5, {}), /^directories: not a path/],
    [async () => btkit.editFiles(text, {}).next(), /^files: not a list/],
    [() => btkit.openCache(anything), /^directory: not a path/],
    [() => btkit.clearCache(anything), /^directory: not a path/],
  ] as const)
    await assert.rejects(act(), { name: 'BtkitError', code: 'usage', message })
})

test('a creation date in milliseconds is refused', async (t) => {
  const making = makeTorrent(makeScratch(t, { a: 'x' }), { creationDate: 1_700_000_000_000 })
  await assert.rejects(making, /creationDate 1700000000000: not seconds since 1970/)
  const { bytes } = await makeTorrent({ name: 'a', content: BYTES })
  const creationDate = 1_700_000_000_000
  assert.throws(() => btkit.editTorrent(bytes, { creationDate }), { code: 'usage' })
  assert.equal(btkit.editTorrent(bytes, { creationDate: 0 }).creationDate, 0)
})

test('a signal ends the look at a huge tree, too', async (t) => {
  const scratch = makeScratch(t)
  plantEndless(scratch)
  for (const begin of [btkit.planTorrent, makeTorrent]) {
    const controller = new AbortController()
    const begun = begin(scratch, { signal: controller.signal })
    setImmediate(() => {
      controller.abort()
    })
    await assert.rejects(begun, { code: 'interrupted' })
  }
})
