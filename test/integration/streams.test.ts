import assert from 'node:assert/strict'
import { existsSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { unlessWindows } from '../disk/failure.js'
import { executable, runExecutable } from '../support/executable.js'
import { runProgram } from '../support/programs.js'
import { quickFirst } from '../support/long.js'
import { makeScratch } from '../support/scratch.js'
import { fillDisk, mountSmallDisk, unlessNoDisks } from '../support/small-disk.js'
import { directoryInfo, singleFileInfo, torrentOf, TRACKER } from '../support/torrents.js'
import { assertQuiet, assertStatus } from '../support/run-btkit.js'

const unlessFull = { skip: !existsSync('/dev/full') && 'no /dev/full here' }

const ESCAPE = /\u001b/

const testColour = quickFirst(2)

for (const [env, isColoured] of [
  [{}, false],
  [{ FORCE_COLOR: '1' }, true],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  [{ NO_COLOR: '1' }, false],
] as const) {
  testColour(
    `an error in a pipe with ${JSON.stringify(env)} is ${isColoured ? '' : 'not '}coloured`,
    async () => {
      const { stderr } = await runExecutable('btkit', ['showmetainfo', '/nonexistent'], { env })
      assert.equal(ESCAPE.test(stderr), isColoured, JSON.stringify(stderr))
      assert.match(stderr, /btkit:/)
    },
  )
}

const testView = quickFirst(2)

for (const view of [[], ['--json'], ['--tree'], ['--magnet']]) {
  testView(`FORCE_COLOR leaves alone what programs read: ${view.join('')}`, async (t) => {
    const directory = makeScratch(t, { 'x.torrent': torrentOf(singleFileInfo()) })
    const args = ['showmetainfo', ...view, join(directory, 'x.torrent')]
    const { stdout } = await runExecutable('btkit', args, { env: { FORCE_COLOR: '3' } })
    assert.doesNotMatch(stdout, ESCAPE)
  })
}

const testHead = quickFirst()

for (const view of ['', '--tree', '--json']) {
  testHead(`showmetainfo ${view} | head -n 1 ends without a word`, unlessWindows, async (t) => {
    const files = Array.from({ length: 30_000 }, (_, i) => ({ length: 1, path: [`file ${i}`] }))
    const directory = makeScratch(t, { 'x.torrent': torrentOf(directoryInfo(files)) })
    const script = `"$0" "$1" showmetainfo ${view} x.torrent x.torrent | head -n 1`
    const args = ['-c', script, process.execPath, executable('btkit')]
    const { stdout } = assertQuiet(await runProgram('sh', args, { cwd: directory }))
    assert.equal(stdout.split('\n').length, 2)
  })
}

test(
  'a reader that goes away does not stop the torrents from being made',
  unlessWindows,
  async (t) => {
    const directory = makeScratch(t, { a: '1', b: '2' })
    const script = `{ sleep 0.3; "$0" "$1" makemetafile a b ${TRACKER}; echo "$?" >&2; } | true`
    const args = ['-c', script, process.execPath, executable('btkit')]
    const { stderr } = await runProgram('sh', args, { cwd: directory })
    assert.equal(stderr, '0\n')
    assert.ok(existsSync(join(directory, 'b.torrent')))
  },
)

const testFull = quickFirst()

for (const [what, command] of [
  ['showmetainfo', 'showmetainfo x.torrent'],
  ['a torrent on standard output', `makemetafile a ${TRACKER} --target -`],
] as const) {
  testFull(`${what} on a full disk is an error in one line`, unlessFull, async (t) => {
    const directory = makeScratch(t, { a: '1', 'x.torrent': torrentOf(singleFileInfo()) })
    const script = `"$0" "$1" ${command} > /dev/full`
    const args = ['-c', script, process.execPath, executable('btkit')]
    const { stderr } = assertStatus(await runProgram('sh', args, { cwd: directory }), 1)
    assert.match(stderr, /^btkit: [^\n]*no space left on device[^\n]*\n$/)
  })
}

const LEFT = 12_288

const testRoom = quickFirst()

for (const [what, command] of [
  ['a torrent', `makemetafile zeros ${TRACKER} -l 14 --target -`],
  ['showmetainfo --json', 'showmetainfo --json x.torrent'],
] as const) {
  testRoom(
    `${what} that a disk has room for in part is an error in one line`,
    unlessNoDisks,
    async (t) => {
      const files = Array.from({ length: 1000 }, (_, i) => ({ length: 1, path: [`file ${i}`] }))
      const directory = makeScratch(t, { zeros: '', 'x.torrent': torrentOf(directoryInfo(files)) })
      truncateSync(join(directory, 'zeros'), 2 ** 25)
      const disk = mountSmallDisk(t, 1)
      assert.ok(disk)
      const filler = fillDisk(disk)
      truncateSync(filler, statSync(filler).size - LEFT)
      const script = `"$0" "$1" ${command} > "${disk}/out"`
      const args = ['-c', script, process.execPath, executable('btkit')]
      const { status, stderr } = await runProgram('sh', args, { cwd: directory })
      assert.equal(statSync(join(disk, 'out')).size, LEFT)
      assert.equal(stderr, 'btkit: standard output: no space left on device\n')
      assert.equal(status, 1)
    },
  )
}

// Closed and open for reading too look the same: Node opens /dev/null so where there was nothing
const testSent = quickFirst()

for (const where of ['>/dev/null', '1<>/dev/null', '>&-']) {
  testSent(`a torrent sent to ${where} is no error`, unlessWindows, async (t) => {
    const directory = makeScratch(t, { a: '1' })
    const script = `"$0" "$1" makemetafile a ${TRACKER} --target - --quiet ${where}`
    const args = ['-c', script, process.execPath, executable('btkit')]
    assertQuiet(await runProgram('sh', args, { cwd: directory }))
  })
}
