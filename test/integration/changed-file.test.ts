import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, truncateSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startExecutable } from '../support/executable.js'
import { collect } from '../support/programs.js'
import { makeGate, unlessGate } from '../support/gate.js'
import { makeScratch } from '../support/scratch.js'
import { singleFileInfo, torrentOf, TRACKER } from '../support/torrents.js'

const OLD = Buffer.from(torrentOf(singleFileInfo()))

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
    unlessGate,
    async (t) => {
      const directory = makeScratch(t, { 'huge.torrent': OLD, huge: Buffer.alloc(3_000_000) })
      const source = join(directory, 'huge')
      const gate = makeGate(t)
      const args = ['makemetafile', source, TRACKER, '--piece-size-pow2', '20', '--force']
      const ended = collect(startExecutable('btkit', args, { cwd: directory, env: gate.env }))
      await gate.reached()
      change(source)
      gate.open()
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
