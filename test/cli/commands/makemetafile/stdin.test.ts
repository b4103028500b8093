import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { independentInfoHash } from '../../../support/decode-torrent.js'
import { runExecutable, startExecutable } from '../../../support/executable.js'
import { collect } from '../../../support/programs.js'
import {
  Captured,
  assertError,
  assertQuiet,
  assertStatus,
  inputOf,
  jsonLines,
  parseJson,
  runBtkit,
} from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { TRACKER } from '../../../support/torrents.js'

const MIB = 1024 * 1024

/** Bytes that differ from piece to piece. */
function bytesOf(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 4093) bytes.writeInt32LE(at, at)
  return bytes
}

async function* inChunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100_003)
    yield await Promise.resolve(bytes.subarray(at, at + 100_003))
}

for (const size of [5, 20_000, 4 * MIB, 17 * MIB + 1]) {
  for (const version of [[], ['--v2'], ['--hybrid'], ['--piece-length', '64K']]) {
    const options = [...version, '--no-date', '--json']
    test(`${size} bytes, ${version.join(' ')}: the torrent is that of a file`, async (t) => {
      const directory = makeScratch(t, { 'a.bin': bytesOf(size) })
      const at = (name: string) => join(directory, name)
      const file = await runBtkit(['makemetafile', at('a.bin'), TRACKER, ...options])
      const args = ['makemetafile', '-', TRACKER, '--name', 'a.bin', '-o', at('b.torrent')]
      const stdin = inChunks(bytesOf(size))
      const streamed = assertQuiet(await runBtkit([...args, ...options], { stdin }))
      assert.deepEqual(readFileSync(at('b.torrent')), readFileSync(at('a.bin.torrent')))
      const { torrent, seconds, ...rest } = parseJson(streamed)
      assert.deepEqual([torrent, typeof seconds], [at('b.torrent'), 'number'])
      const expected = parseJson(file)
      for (const [key, value] of Object.entries(rest)) assert.deepEqual(value, expected[key], key)
    })
  }
}

test('the piece length of many bytes is that of a file, whatever was possible before', async (t) => {
  const bytes = bytesOf(129 * MIB + 1)
  const directory = makeScratch(t, { a: bytes })
  const [file, target] = ['a', 'b.torrent'].map((name) => join(directory, name))
  const options = [TRACKER, '--no-date', '--name', 'a', '--hybrid']
  assertStatus(await runBtkit(['makemetafile', file!, ...options]), 0)
  const stdin = inChunks(bytes)
  assertStatus(await runBtkit(['makemetafile', '-', '-o', target!, ...options], { stdin }), 0)
  assert.deepEqual(readFileSync(target!), readFileSync(`${file!}.torrent`))
})

test('by default the torrent is in the current directory', async (t) => {
  const cwd = makeScratch(t)
  const args = ['makemetafile', '-', '--name', 'x', TRACKER]
  const { status, stdout } = await runExecutable('btkit', args, { cwd, input: 'hello' })
  assert.deepEqual([status, readdirSync(cwd)], [0, ['x.torrent']])
  assert.match(stdout, /^wrote x\.torrent /)
})

test('several source tags and checksum lists come from one reading', async (t) => {
  const directory = makeScratch(t)
  const tags = ['--source', 'A', '--source', 'B', '--checksums', 'sha256,md5', '--json']
  const args = ['makemetafile', '-', '--name', 'x', TRACKER, '-o', `${directory}/`, ...tags]
  const { status, stdout } = await runBtkit(args, { stdin: inputOf('hello') })
  const hashes = jsonLines(stdout).map(({ infoHash }) => infoHash)
  const files = readdirSync(directory).sort()
  assert.deepEqual([status, files], [0, ['x.A.torrent', 'x.B.torrent', 'x.md5', 'x.sha256']])
  assert.deepEqual(
    hashes,
    ['x.A.torrent', 'x.B.torrent'].map((name) =>
      independentInfoHash(readFileSync(join(directory, name))),
    ),
  )
  assert.equal(
    readFileSync(join(directory, 'x.md5'), 'utf8'),
    '5d41402abc4b2a76b9719d911017c592  x\n',
  )
})

test('a bound of the piece length counts, and a count of pieces needs a file', async (t) => {
  const target = join(makeScratch(t), 'x.torrent')
  const make = (...args: string[]) =>
    runBtkit(['makemetafile', '-', '--name', 'x', '-o', target, '--trackerless', ...args], {
      stdin: inputOf(bytesOf(MIB)),
    })
  const { pieceLength } = parseJson(await make('--max-piece-length', '16K', '--json'))
  assert.equal(pieceLength, 16_384)
  for (const [option, value] of [
    ['--target-pieces', ['10']],
    ['--max-torrent-size', ['1M']],
    ['--files-from', ['-']],
    ['--dry-run', []],
    ['--date', ['mtime']],
  ] as const) {
    const { status, stderr } = await make(option, ...value)
    assert.equal(status, 2)
    assert.match(
      stderr,
      new RegExp(`^btkit: ${option}.*: needs a file, and - is standard input\n$`),
    )
  }
})

test('standard input needs a name, bytes, and a run of its own', async (t) => {
  const directory = makeScratch(t, { a: 'a' })
  const make = (...args: string[]) =>
    runBtkit(['makemetafile', '-', '-o', `${directory}/`, '--trackerless', ...args])
  assertError(await make(), 'usage', '-: standard input has no name; give one with --name')
  const two = await make(join(directory, 'a'))
  assert.match(two.stderr, /^btkit: -: standard input is the content of a single torrent\n/)
  const empty = assertStatus(await make('--name', 'x'), 1)
  assert.match(empty.stderr, /^btkit: standard input: is empty/)
  assert.deepEqual(readdirSync(directory), ['a'])
})

test('a target that must not be replaced is refused before anything is read', async (t) => {
  const directory = makeScratch(t)
  const target = join(directory, 'notes.txt')
  writeFileSync(target, 'precious')
  let isRead = false
  const stdin = {
    async *[Symbol.asyncIterator]() {
      isRead = true
      yield await Promise.resolve(Buffer.from('a'))
    },
  }
  const args = ['makemetafile', '-', '--name', 'x', '-o', target, '--trackerless']
  const { status } = await runBtkit(args, { stdin })
  assert.deepEqual([status, isRead, readFileSync(target, 'utf8')], [1, false, 'precious'])
})

test('a terminal sees the number of bytes', async (t) => {
  const target = join(makeScratch(t), 'x.torrent')
  const stderr = Object.assign(new Captured(), { isTTY: true, columns: 100 })
  const args = ['makemetafile', '-', '--name', 'x', '-o', target, '--trackerless']
  await runBtkit(args, { stdin: inChunks(bytesOf(3 * MIB)), stderr })
  assert.match(stderr.text, /3 MiB/)
  assert.doesNotMatch(stderr.text, /%|left/)
})

test('Ctrl-C leaves nothing', async (t) => {
  const cwd = makeScratch(t)
  const child = startExecutable('btkit', ['makemetafile', '-', '--name', 'x', TRACKER], { cwd })
  const ended = collect(child)
  // More than a pipe holds, so that btkit is reading
  await new Promise((resolve) => child.stdin.write(bytesOf(4 * MIB), resolve))
  child.stdin.on('error', () => undefined)
  child.kill('SIGINT')
  const { status, stderr } = await ended
  assert.deepEqual([status, stderr, readdirSync(cwd)], [130, 'btkit: interrupted\n', []])
})
