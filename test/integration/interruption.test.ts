import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { collect, startExecutable, whenReading } from '../support/executable.js'
import { makeScratch, plantFiles, plantSparse } from '../support/scratch.js'
import { singleFileInfo, torrentOf } from '../support/torrents.js'
import { unlessProc, whenOpen } from '../support/when-open.js'

const TRACKER = 'http://t.example/announce'
const OLD = Buffer.from(torrentOf(singleFileInfo()))
/** Seconds of work, which a run that is interrupted does not come to. */
const HUGE = 64 * 2 ** 30

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(
    `${signal} while hashing ends with status ${status} and leaves nothing behind`,
    unlessProc,
    async (t) => {
      const directory = makeScratch(t, { 'huge.torrent': OLD })
      const source = plantSparse(directory, 'huge', HUGE)
      const args = ['makemetafile', source, TRACKER, '--piece-size-pow2', '24']
      const child = startExecutable('btkit', args, { cwd: directory })
      const ended = collect(child)
      await whenOpen(child.pid!, source)
      child.kill(signal)
      const result = await ended
      assert.deepEqual([result.status, result.signal], [status, null])
      assert.deepEqual([result.stdout, result.stderr], ['', 'btkit: interrupted\n'])
      assert.deepEqual(readdirSync(directory), ['huge', 'huge.torrent'])
      assert.deepEqual(readFileSync(`${source}.torrent`), OLD)
    },
  )
}

test('an interruption ends the run, not only the file at hand', unlessProc, async (t) => {
  const directory = makeScratch(t)
  plantFiles(directory, { 'after.bin': '1', 'before.bin': '1' })
  const source = plantSparse(directory, 'huge', HUGE)
  const names = ['before.bin', 'huge', 'after.bin']
  const args = ['makemetafile', ...names, TRACKER, '--piece-size-pow2', '24']
  const child = startExecutable('btkit', args, { cwd: directory })
  const ended = collect(child)
  await whenOpen(child.pid!, source)
  child.kill('SIGINT')
  assert.equal((await ended).status, 130)
  assert.deepEqual(readdirSync(directory), [
    'after.bin',
    'before.bin',
    'before.bin.torrent',
    'huge',
  ])
})

test(
  'SIGINT while waiting for standard input ends with status 130',
  { timeout: 60_000 },
  async (t) => {
    const child = startExecutable('btkit', ['showmetainfo', '-'])
    t.after(() => child.kill('SIGKILL'))
    const ended = collect(child)
    await whenReading(child)
    child.kill('SIGINT')
    assert.equal((await ended).status, 130)
  },
)
