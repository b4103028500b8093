import assert from 'node:assert/strict'
import {
  appendFileSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { test } from 'node:test'
import { startExecutable } from '../../support/executable.js'
import { collect } from '../../support/programs.js'
import { makeGate, unlessGate } from '../../support/gate.js'
import { Mirror, type Report } from '../../support/mirror.js'

/** Changes of an entry while it is hashed. */
const CHANGES: Record<string, (path: string) => void> = {
  grows: (path) => {
    appendFileSync(path, 'more')
  },
  'is touched': (path) => {
    utimesSync(path, 1, 1)
  },
  'is cut short': (path) => {
    truncateSync(path, 5)
  },
  'is removed': (path) => {
    rmSync(path)
  },
}

for (const [what, change] of Object.entries(CHANGES)) {
  test(
    `an entry that ${what} while it is hashed fails, and is right after the next run`,
    unlessGate,
    async (t) => {
      const mirror = new Mirror(t, { large: Buffer.alloc(3_000_000) })
      const path = mirror.at('large')
      const gate = makeGate(t)
      const ended = collect(startExecutable('btkit', mirror.args(['--json']), { env: gate.env }))
      await gate.reached()
      change(path)
      gate.open()
      const { status, stdout, stderr } = await ended
      const { created, failed } = JSON.parse(stdout) as Report
      assert.deepEqual([status, created.length], [1, 0], stderr)
      assert.deepEqual(
        failed.map((failure) => [failure.source, failure.code]),
        [[path, what === 'is removed' ? 'not-found' : 'changed']],
      )
      assert.match(stderr, /^btkit: [^\n]+\n$/)
      assert.deepEqual(mirror.list(), [])
      assert.deepEqual((await mirror.report()).failed, [])
      await mirror.checkAgainstFresh()
    },
  )
}

/** Changes of the torrent by somebody else while its content is hashed. */
const MEDDLERS: Record<string, { isThere: boolean; meddle: (torrent: string) => void }> = {
  makes: {
    isThere: false,
    meddle: (torrent) => {
      writeFileSync(torrent, 'by somebody else')
    },
  },
  edits: {
    isThere: true,
    meddle: (torrent) => {
      appendFileSync(torrent, ' ')
    },
  },
}

for (const [what, { isThere, meddle }] of Object.entries(MEDDLERS)) {
  test(
    `a torrent that somebody else ${what} while its content is hashed is not overwritten`,
    unlessGate,
    async (t) => {
      const mirror = new Mirror(t, { large: 'small' })
      if (isThere) await mirror.report()
      writeFileSync(mirror.at('large'), Buffer.alloc(3_000_000))
      const gate = makeGate(t)
      const ended = collect(startExecutable('btkit', mirror.args(['--json']), { env: gate.env }))
      await gate.reached()
      meddle(mirror.torrent('large'))
      const left = readFileSync(mirror.torrent('large'))
      gate.open()
      const { status, stdout } = await ended
      const { failed } = JSON.parse(stdout) as Report
      assert.deepEqual([status, failed[0]?.code], [1, 'changed'])
      assert.deepEqual(readFileSync(mirror.torrent('large')), left)
      assert.deepEqual(mirror.list(), ['large.torrent'])
    },
  )
}
