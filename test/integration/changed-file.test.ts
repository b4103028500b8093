import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, truncateSync, utimesSync } from 'node:fs'
import { test } from 'node:test'
import { collect, startExecutable } from '../support/executable.js'
import { makeScratch, plantSparse } from '../support/scratch.js'
import { singleFileInfo, torrentOf } from '../support/torrents.js'
import { unlessProc, whenOpen } from '../support/when-open.js'

const TRACKER = 'http://t.example/announce'
const OLD = Buffer.from(torrentOf(singleFileInfo()))
const GIB = 2 ** 30

/** Changes of a file while it is hashed, and the message that follows. */
for (const [what, change, said] of [
  [
    'is touched',
    (path: string) => {
      utimesSync(path, 1, 1)
    },
    'changed while it was read',
  ],
  [
    'is cut short',
    (path: string) => {
      truncateSync(path, 5)
    },
    'became shorter while it was read',
  ],
  [
    'is deleted',
    (path: string) => {
      rmSync(path)
    },
    '',
  ],
] as const) {
  test(
    `a file that ${what} while it is hashed is named, and the old torrent stays`,
    unlessProc,
    async (t) => {
      const directory = makeScratch(t, { 'huge.torrent': OLD })
      const source = plantSparse(directory, 'huge', GIB)
      const args = ['makemetafile', source, TRACKER, '--piece-size-pow2', '20', '--threads', '1']
      const child = startExecutable('btkit', args, { cwd: directory })
      const ended = collect(child)
      await whenOpen(child.pid!, source)
      change(source)
      const { status, stdout, stderr } = await ended
      assert.deepEqual([status, stdout], [1, ''])
      assert.ok(stderr.startsWith(`btkit: ${source}: ${said}`), stderr)
      assert.match(stderr, /^[^\n]+\n$/)
      assert.deepEqual(readFileSync(`${source}.torrent`), OLD)
      assert.deepEqual(
        readdirSync(directory).filter((name) => name !== 'huge'),
        ['huge.torrent'],
      )
    },
  )
}
