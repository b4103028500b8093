import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { independentInfoHash } from '../../../support/decode-torrent.js'
import { assertError, assertStatus, inputOf, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { directoryInfo, singleFileInfo, torrentOf } from '../../../support/torrents.js'
import { show } from './show.js'

const GOOD = torrentOf(singleFileInfo())

test('--magnet prints only the link', async (t) => {
  const torrent = torrentOf(singleFileInfo({ name: 'a b&c' }), { announce: 'http://t/?k=1&l=2' })
  const { stdout, stderr } = await show(t, torrent, { args: ['--magnet'] })
  const hash = independentInfoHash(torrent)
  const tracker = 'http%3A%2F%2Ft%2F%3Fk%3D1%26l%3D2'
  assert.equal(stdout, `magnet:?xt=urn:btih:${hash}&dn=a%20b%26c&xl=5&tr=${tracker}\n`)
  assert.equal(stderr, '')
})

test('--tree prints directories once, with sizes', async (t) => {
  const files = [
    { length: 1024, path: ['a', 'b', 'c'] },
    { length: 0, path: ['a', 'b', 'd'] },
    { length: 2, path: ['a', 'e'] },
    { length: 1, path: ['f'] },
    { length: 1, path: ['g', 'b', 'h'] },
  ]
  const { stdout } = await show(t, torrentOf(directoryInfo(files)), { args: ['--tree'] })
  assert.equal(
    stdout,
    'dir/ (1.0 KiB)\n' +
      '  a/\n' +
      '    b/\n' +
      '      c (1 KiB)\n' +
      '      d (0 B)\n' +
      '    e (2 B)\n' +
      '  f (1 B)\n' +
      '  g/\n' +
      '    b/\n' +
      '      h (1 B)\n',
  )
})

test('--tree names the attributes of files', async (t) => {
  const info = directoryInfo([
    { length: 1, path: ['run'], attr: 'x' },
    { length: 2, path: ['.rc'], attr: 'hx' },
    { length: 0, path: ['link'], attr: 'l', 'symlink path': ['sub', 'run'] },
  ])
  const { stdout } = await show(t, torrentOf(info), { args: ['--tree'] })
  assert.equal(
    stdout,
    'dir/ (3 B)\n' +
      '  run (1 B, executable)\n' +
      '  .rc (2 B, executable, hidden)\n' +
      '  link -> sub/run (0 B, symbolic link)\n',
  )
})

test('--tree of a single file is one line', async (t) => {
  assert.equal((await show(t, GOOD, { args: ['--tree'] })).stdout, 'a.txt (5 B)\n')
})

test('--tree of absurdly deep directories stays readable', async (t) => {
  const path = Array.from({ length: 5000 }, (_, i) => `${i}`)
  const info = directoryInfo([{ length: 1, path }])
  const { stdout } = assertStatus(await show(t, torrentOf(info), { args: ['--tree'] }), 0)
  assert.ok(stdout.length < 50_000)
  assert.ok(stdout.includes('4998/4999 (1 B)'))
})

test('- reads standard input', async () => {
  const result = assertStatus(await runBtkit(['showmetainfo', '-'], { stdin: inputOf(GOOD) }), 0)
  assert.match(result.stdout, /^metainfo file\.: -\n.*\nfile name\.{5}: a\.txt$/m)
})

test('an error in standard input names standard input', async () => {
  const result = await runBtkit(['showmetainfo', '-'], { stdin: inputOf('x') })
  assertError(result, 'bencode', 'standard input: not a torrent (it begins with "x")')
})

test('a bad torrent among several does not stop the rest, and the status is 1', async (t) => {
  const directory = makeScratch(t, { a: GOOD, b: 'd4:infoi1ee', c: GOOD })
  const files = ['a', 'b', 'gone', 'c'].map((name) => join(directory, name))
  const { stdout, stderr } = assertStatus(await runBtkit(['showmetainfo', ...files]), 1)
  assert.deepEqual(stdout.match(/^metainfo file.*/gm), ['metainfo file.: a', 'metainfo file.: c'])
  const lines = stderr.trimEnd().split('\n')
  assert.equal(lines.length, 2)
  assert.ok(lines[0]!.startsWith(`btkit: ${files[1]!}: `), stderr)
  assert.equal(lines[1], `btkit: ${files[2]!}: no such file or directory`)
})

test('a blank line separates torrents', async (t) => {
  const directory = makeScratch(t, { a: GOOD, b: GOOD })
  const files = ['a', 'b'].map((name) => join(directory, name))
  const { stdout } = await runBtkit(['showmetainfo', ...files])
  const [, first, second, ...rest] = stdout.split('\n\n')
  assert.match(first!, /^metainfo file\.: a\n/)
  assert.match(second!, /^metainfo file\.: b\n/)
  assert.deepEqual([rest, second!.endsWith(' of 16 KiB\n')], [[], true])
})

for (const args of [
  ['--tree', '--json'],
  ['--magnet', '--json'],
  ['--tree', '--magnet'],
  ['--nosuch'],
]) {
  test(`showmetainfo ${args.join(' ')} is refused in one line`, async (t) => {
    assertError(await show(t, GOOD, { args }), 'usage')
  })
}

/** Torrents that break a rule, and a part of what is said of each beside the file's name. */
for (const [what, torrent, code, said] of [
  ['without info', 'd8:announce1:xe', 'metainfo', 'info'],
  ['with pieces cut short', torrentOf(singleFileInfo({ pieces: 'x' })), 'metainfo', 'pieces'],
  [
    'with pieces of 0 B',
    torrentOf(singleFileInfo({ 'piece length': 0 })),
    'metainfo',
    'piece length',
  ],
  ['with a negative length', torrentOf(singleFileInfo({ length: -1 })), 'metainfo', 'length'],
  ['cut off in the middle', GOOD.subarray(0, 40), 'bencode', 'offset'],
  ['that is empty', '', 'bencode', 'it is empty'],
] as const) {
  test(`a torrent ${what} ends with status 1 and a line that names file and rule`, async (t) => {
    assertError(await show(t, torrent), code, '/x.torrent: ', said)
  })
}

test('unsafe paths are shown, with a warning each and status 0', async (t) => {
  const files = [
    { length: 1, path: ['..', 'etc'] },
    { length: 1, path: ['a/b'] },
    { length: 1, path: ['ok'] },
    { length: 1, path: ['ok'] },
  ]
  const { stdout, stderr } = assertStatus(await show(t, torrentOf(directoryInfo(files))), 0)
  assert.match(stdout, /^ {3}\.\.\/etc \(1\)$/m)
  assert.equal(stderr.match(/^btkit: warning: \/.*x\.torrent: path ".*"/gm)?.length, 3)
})
