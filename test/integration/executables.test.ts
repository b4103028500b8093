import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { unlessWindows } from '../disk/failure.js'
import { executable, runExecutable, startExecutable } from '../support/executable.js'
import { runProgram } from '../support/programs.js'
import { quickFirst } from '../support/long.js'
import { makeScratch } from '../support/scratch.js'
import { unlessProc } from '../support/when-open.js'
import { TRACKER } from '../support/torrents.js'

const testMaking = quickFirst(2)

for (const name of ['btmakemetafile', 'btmakemetafile.py', 'btmakemetafile.bittorrent']) {
  testMaking(`${name}, as a link, makes torrents as it always did`, unlessWindows, async (t) => {
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

const testShowing = quickFirst(1)

for (const name of ['btshowmetainfo', 'btshowmetainfo.py', 'btshowmetainfo.bittorrent']) {
  testShowing(`${name}, as a link, shows torrents as it always did`, unlessWindows, async (t) => {
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

test('the process is found by the name that was typed', unlessProc, async (t) => {
  const args = ['--port', '0', '--open', '--dfile', join(makeScratch(t), 'state')]
  const child = startExecutable('bttrack', args)
  t.after(() => child.kill())
  await once(child.stdout, 'data')
  assert.equal(readFileSync(`/proc/${child.pid}/comm`, 'utf8'), 'bttrack\n')
})
