import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent } from '../../../support/decode-torrent.js'
import { runExecutable } from '../../../support/executable.js'
import { assertError, Captured, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { plantFiles } from '../../../support/scratch.js'
import { makeWorkplace } from './make.js'
import { TRACKER } from '../../../support/torrents.js'

test('by default a torrent is written beside its source', async (t) => {
  const { directory, at } = makeWorkplace(t)
  plantFiles(directory, { 'd/e/f': '1' })
  for (const source of ['d/e', 'd/e/', 'd/e/../e']) {
    const args = ['makemetafile', join(directory, source), TRACKER, '--json', '--dry-run']
    assert.equal(parseJson(await runBtkit(args))['torrent'], at('d', 'e.torrent'), source)
  }
})

test('the torrent of the current directory is reported with its full path', async (t) => {
  const { directory, at } = makeWorkplace(t)
  plantFiles(directory, { 'd/f': '1' })
  const args = ['makemetafile', '.', TRACKER, '--no-cache']
  const { status, stdout } = await runExecutable('btkit', args, { cwd: at('d') })
  assert.equal(status, 0)
  assert.ok(stdout.startsWith(`wrote ${at('d.torrent')} (`), stdout)
})

test('an older torrent of any name in the directory is no part of its successor', async (t) => {
  const { directory, at } = makeWorkplace(t)
  plantFiles(directory, { 'd/f': '1', 'd/data.bin': 'no torrent' })
  const to = (name: string) => {
    return runBtkit([
      'makemetafile',
      at('d'),
      TRACKER,
      '--no-cache',
      '--json',
      '--target',
      at(name),
    ])
  }
  const first = parseJson(await to('d/meta.bin'))
  assert.equal(parseJson(await to('d/meta.bin'))['infoHash'], first['infoHash'])
  const why = `${at('d/data.bin')}: would be replaced by a torrent of itself; choose another output`
  const { status, stderr } = await to('d/data.bin')
  assert.deepEqual([status, stderr], [1, `btkit: ${why}\n`])
})

test('a target that is a file to be', async (t) => {
  const { make, at, torrent } = makeWorkplace(t)
  await make(['--target', at('other')])
  assert.equal(torrent('other').info['name'], 'a.iso')
})

for (const ending of ['', '/']) {
  test(`a target that is a directory, written out${ending}`, async (t) => {
    const { make, at, torrent } = makeWorkplace(t)
    mkdirSync(at('out'))
    await make(['--target', `${at('out')}${ending}`])
    assert.equal(torrent('out/a.iso.torrent').info['name'], 'a.iso')
  })
}

test('a target that ends in a slash is a directory, and must be there', async (t) => {
  const { make, at, directory } = makeWorkplace(t)
  for (const more of [[], ['--dry-run']]) {
    assertError(await make(['--target', `${at('gone')}/`, ...more]), 'not-found', at('gone'))
    assert.deepEqual(readdirSync(directory), ['a.iso'])
  }
})

test('--target - writes the torrent to standard output, and messages to standard error', async (t) => {
  const { make, directory } = makeWorkplace(t)
  const { status, bytes, stderr } = await make(['--target', '-'])
  assert.equal(status, 0)
  assert.equal(decodeTorrent(bytes).info['name'], 'a.iso')
  assert.match(stderr, /^wrote to standard output \(\d+ B\)\ninfo hash: \w{40}\ncontent: /)
  assert.deepEqual(readdirSync(directory), ['a.iso'])
})

test('a torrent is not written to a terminal', async (t) => {
  const { make } = makeWorkplace(t)
  const terminal = Object.assign(new Captured(), { isTTY: true })
  for (const [name, ...args] of [
    ['--target', '--target', '-'],
    ['--output', '-o-', '--quiet'],
  ]) {
    const message = `${name} -: standard output is a terminal; send the torrent to a file or a pipe`
    assertError(await make(args, { stdout: terminal }), 'usage', message)
  }
  await make(['--target', '-', '--dry-run'], { stdout: terminal })
  assert.match(terminal.text, /^would write to standard output/)
})

test('several torrents go into a target directory', async (t) => {
  const { make, at, directory } = makeWorkplace(t)
  plantFiles(directory, { b: '1', 'out/x': '' })
  assert.equal((await make([at('b'), '--target', at('out')])).status, 0)
  assert.deepEqual(readdirSync(at('out')), ['a.iso.torrent', 'b.torrent', 'x'])
})

test('a target within the source is no part of it, at the first run and the next', async (t) => {
  const { directory, at } = makeWorkplace(t)
  plantFiles(directory, { 'd/a': '1' })
  symlinkSync('d', at('link'))
  for (const [source, target] of [
    ['d', 'd/x.torrent'],
    ['d', 'd/x.torrent'],
    ['link', 'd/x.torrent'],
    ['d', 'link/x.torrent'],
  ] as const) {
    const args = ['makemetafile', at(source), TRACKER, '--json', '--force', '--target', at(target)]
    assert.equal(parseJson(await runBtkit(args))['fileCount'], 1, `${source} to ${target}`)
  }
})

test('a target that is the source itself leaves that as it was', async (t) => {
  const { make, source } = makeWorkplace(t)
  assertError(await make(['--target', source]), 'exists', source)
  assert.equal(readFileSync(source, 'utf8'), 'hello')
})

for (const [what, name, code] of [
  ['a target below a file', 'a.iso/x.torrent', 'not-found'],
  ['a target with too long a name', `${'n'.repeat(300)}.torrent`, 'io'],
] as const) {
  test(`${what} is an error that names it`, async (t) => {
    const { make, at } = makeWorkplace(t)
    assertError(await make(['--target', at(name)]), code, at(''))
  })
}

for (const [what, content] of Object.entries({
  text: 'precious',
  'bencode that is no metainfo': 'd3:key5:valuee',
  'half a torrent': 'd8:announce20:http://t.example/an',
})) {
  test(`a target that holds ${what} is left as it was`, async (t) => {
    const { make, at } = makeWorkplace(t)
    plantFiles(at('.'), { precious: content })
    for (const args of [[], ['--dry-run']]) {
      assertError(await make(['--target', at('precious'), ...args]), 'exists', at('precious'))
    }
    assert.equal(readFileSync(at('precious'), 'utf8'), content)
  })
}

/** Options with which 1 MiB is hashed in a quarter of an hour. */
const SLOWLY = ['--max-rate', '1K', '--quiet']

test('a target that may not be replaced is refused before hashing', async (t) => {
  const { make, at } = makeWorkplace(t)
  plantFiles(at('.'), { 'a.iso': Buffer.alloc(2 ** 20), image: 'no torrent', old: '' })
  for (const args of [
    ['--target', at('image')],
    ['--target', at('old'), '--no-clobber'],
  ])
    assertError(await make([...args, ...SLOWLY]), 'exists', args[1] ?? '')
})

test('--force replaces what is no torrent', async (t) => {
  const { make, at, torrent } = makeWorkplace(t)
  plantFiles(at('.'), { precious: 'precious' })
  assert.equal((await make(['--target', at('precious'), '--force'])).status, 0)
  assert.equal(torrent('precious').info['name'], 'a.iso')
})

test('an empty file, as mktemp makes them, and a torrent are replaced', async (t) => {
  const { make, at, torrent } = makeWorkplace(t)
  plantFiles(at('.'), { empty: '' })
  for (const options of [[], ['--comment', 'new']]) {
    assert.equal((await make(['--target', at('empty'), ...options])).status, 0)
  }
  assert.equal(torrent('empty').comment, 'new')
})

test('--force and --no-clobber cannot be used together', async (t) => {
  const { make } = makeWorkplace(t)
  assertError(await make(['--force', '--no-clobber']), 'usage', '--force and --no-clobber')
})

test('--no-clobber does not replace an existing torrent', async (t) => {
  const { make, at } = makeWorkplace(t)
  plantFiles(at('.'), { 'a.iso.torrent': 'old' })
  assertError(await make(['--no-clobber']), 'exists', at('a.iso.torrent'))
  assert.equal(readFileSync(at('a.iso.torrent'), 'utf8'), 'old')
})

test('--dry-run writes nothing, not even a piece cache, and says what would be', async (t) => {
  const { make, at, directory } = makeWorkplace(t)
  const env = { BTKIT_CACHE_DIR: at('cache') }
  const { status, stdout, stderr } = await make(['--dry-run'], { env })
  assert.deepEqual([status, stderr, readdirSync(directory)], [0, '', ['a.iso']])
  assert.match(stdout, /^would write .*a\.iso\.torrent \(\d+ B\)\ncontent: 1 file, 5 B in 1 piece/)
  assert.ok(stdout.includes(at('a.iso.torrent')))
})

test('--dry-run --json prints the keys of a real run, without the hash', async (t) => {
  const { make } = makeWorkplace(t)
  const options = ['--json', '--private', '--comment', 'é', '--piece-size-pow2', '14']
  const dry = parseJson(await make([...options, '--dry-run']))
  const real = parseJson(await make(options))
  const { infoHash, bytesHashed, seconds } = real
  assert.deepEqual({ ...dry, infoHash, bytesHashed, seconds, dryRun: false }, real)
  assert.deepEqual([dry['infoHash'], dry['dryRun']], [null, true])
})

test('--dry-run reads no content', async (t) => {
  const { make, at } = makeWorkplace(t)
  plantFiles(at('.'), { 'a.iso': Buffer.alloc(2 ** 20) })
  const args = ['--dry-run', '--json', '--piece-size-pow2', '14', ...SLOWLY]
  const { size, pieceCount } = parseJson(await make(args))
  assert.deepEqual({ size, pieceCount }, { size: 2 ** 20, pieceCount: 2 ** 6 })
})
