import assert from 'node:assert/strict'
import { readdirSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { unlessWindows } from '../files/failure.js'
import { executable, runExecutable, runProgram } from '../support/executable.js'
import { makeScratch } from '../support/scratch.js'

const TRACKER = 'http://t.example/announce'

for (const name of ['btmakemetafile', 'btmakemetafile.py', 'btmakemetafile.bittorrent']) {
  test(`${name}, as a link, makes torrents as it always did`, unlessWindows, async (t) => {
    const directory = makeScratch(t, { 'image.iso': '1' })
    const link = join(directory, name)
    symlinkSync(executable('btmakemetafile'), link)
    const args = [TRACKER, 'image.iso', '--piece_size_pow2', '15', '--comment', 'c']
    const { status, stdout, stderr } = await runProgram(link, args, { cwd: directory })
    assert.deepEqual([status, stderr], [0, ''])
    assert.match(stdout, /^wrote image\.iso\.torrent /)
    assert.ok(readdirSync(directory).includes('image.iso.torrent'))
  })
}

for (const name of ['btshowmetainfo', 'btshowmetainfo.py']) {
  test(`${name}, as a link, shows torrents as it always did`, unlessWindows, async (t) => {
    const directory = makeScratch(t, { 'image.iso': '1' })
    await runExecutable('btmakemetafile', ['image.iso', TRACKER], { cwd: directory })
    const link = join(directory, name)
    symlinkSync(executable('btshowmetainfo'), link)
    const { status, stdout } = await runProgram(link, ['image.iso.torrent'], { cwd: directory })
    assert.equal(status, 0)
    assert.match(
      stdout,
      /^btshowmetainfo \S+ - decode BitTorrent metainfo files\n\nmetainfo file\.: image\.iso\.torrent\n/,
    )
  })
}

test('paths on the command line are those of the current directory', async (t) => {
  const directory = makeScratch(t, { 'd/image.iso': '1', 'e/x': '' })
  const cwd = join(directory, 'e')
  for (const [source, target] of [
    ['../d', '../d.torrent'],
    ['../d/image.iso', '../d/image.iso.torrent'],
    ['.', '../e.torrent'],
  ] as const) {
    const args = ['makemetafile', source, TRACKER, '--json', '--dry-run', '--all']
    const { stdout, stderr } = await runExecutable('btkit', args, { cwd })
    if (source === '.') assert.match(stderr, /^btkit: \.: is empty/)
    else assert.equal((JSON.parse(stdout) as { torrent: string }).torrent, target)
  }
  const args = ['makemetafile', '.', TRACKER]
  await runExecutable('btkit', args, { cwd: join(directory, 'd') })
  assert.deepEqual(readdirSync(directory), ['d', 'd.torrent', 'e'])
})

test('standard input is read to its end', async (t) => {
  const directory = makeScratch(t, { 'image.iso': '1' })
  const args = ['image.iso', TRACKER, '--target', '-']
  const { bytes } = await runExecutable('btmakemetafile', args, { cwd: directory })
  const shown = await runExecutable('btkit', ['showmetainfo', '--json', '-'], { input: bytes })
  assert.equal((JSON.parse(shown.stdout) as { name: string }).name, 'image.iso')
})

test('content that is hashed on threads has the hash of the same content in process', async (t) => {
  const directory = makeScratch(t, { big: Buffer.alloc(40_000_000, 'btkit') })
  const hashes = new Set<string>()
  for (const threads of ['1', '4']) {
    const args = ['makemetafile', 'big', TRACKER, '--json', '--threads', threads]
    const { stdout } = await runExecutable('btkit', args, { cwd: directory })
    hashes.add((JSON.parse(stdout) as { infoHash: string }).infoHash)
  }
  assert.deepEqual([...hashes].length, 1)
})

for (const name of ['btkit', 'btmakemetafile', 'btshowmetainfo']) {
  test(`${name} --help calls itself ${name}`, async () => {
    const { status, stdout } = await runExecutable(name, ['--help'])
    assert.equal(status, 0)
    assert.match(stdout, new RegExp(`^Usage: ${basename(name)} `))
  })

  test(`${name} without arguments is status 2 and says what is missing`, async () => {
    const { status, stdout, stderr } = await runExecutable(name, [])
    assert.deepEqual([status, stdout], [2, ''])
    assert.notEqual(stderr, '')
  })
}

test(
  'a directory that was removed under its feet is told in one line',
  unlessWindows,
  async (t) => {
    const directory = makeScratch(t, { 'gone/x': '1' })
    const script = `rm -r ../gone; exec "$0" "$1" showmetainfo ../x.torrent`
    const args = ['-c', script, process.execPath, executable('btkit')]
    const { status, stderr } = await runProgram('sh', args, { cwd: join(directory, 'gone') })
    assert.equal(status, 1)
    assert.match(stderr, /^btkit: [^\n]+\n$/)
  },
)
