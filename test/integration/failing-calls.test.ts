// In a process of its own: all modules call the system through what may fail here
import { failEachCall } from '../support/failing-calls.js'
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { filesBelow } from '../support/collection.js'
import { longTest } from '../support/long.js'
import { Mirror, aheadOfFiles, digestsIn } from '../support/mirror.js'
import { assertStatus, runBtkit, startBtkit, type RunResult } from '../support/run-btkit.js'
import { plantUsers } from '../support/admin.js'
import { unlessProc } from '../support/when-open.js'
import { TRACKER } from '../support/torrents.js'

const FILES = { a: 'a', b: 'bb', 'tree/c': 'ccc', 'tree/d': 'd' }
const WORLD = { now: aheadOfFiles }

interface Case {
  readonly args: (mirror: Mirror) => string[]
  /** What was there before; default: files without torrents. */
  readonly arrange?: (mirror: Mirror) => Promise<void>
  /** The torrent that stays if its source can't be looked at. */
  readonly kept?: string
  /** Whether it makes very many calls. */
  readonly isLong?: boolean
  /** What a service says when it is ready, after which it is stopped. */
  readonly ready?: RegExp
}

const REPORTS = ['--checksums', 'md5', '--prune', '--feed-url', 'http://x.example/']

function completedir(mirror: Mirror): string[] {
  return mirror.args([...REPORTS, '--feed', `${mirror.target}/feed.xml`])
}

/** A mirror after a run, of which a file changed, one went, and one came. */
async function changeAfterRun(mirror: Mirror): Promise<void> {
  assertStatus(await runBtkit(completedir(mirror), WORLD), 0)
  writeFileSync(mirror.at('a'), 'changed')
  writeFileSync(mirror.at('new'), 'new')
  rmSync(mirror.at('b'))
}

/** Has the torrent of `a`. */
async function makeOne(mirror: Mirror): Promise<void> {
  const args = ['makemetafile', mirror.at('a'), '--trackerless', '--output', mirror.torrent('a')]
  assertStatus(await runBtkit([...args, '--no-cache', '--no-date'], WORLD), 0)
}

const AT = ['--host', '127.0.0.1', '--port', '0']

const COMMANDS: Readonly<Record<string, Case>> = {
  makemetafile: {
    args: ({ source, target, cache }) => {
      const places = ['--output', `${target}/x.torrent`, '--cache-dir', cache]
      return ['makemetafile', `${source}/tree`, TRACKER, ...places, '--no-date']
    },
  },
  completedir: { args: completedir, isLong: true },
  'completedir after changes': {
    args: completedir,
    arrange: changeAfterRun,
    kept: 'b.torrent',
    isLong: true,
  },
  reannounce: {
    args: (mirror) => ['reannounce', 'http://new.example/announce', mirror.torrent('a')],
    arrange: makeOne,
  },
  verify: {
    args: (mirror) => ['verify', mirror.torrent('a'), mirror.at('a'), '--cache-dir', mirror.cache],
    arrange: makeOne,
  },
  serve: {
    args: ({ source, cache, state }) => {
      const places = ['--cache-dir', cache, '--state-dir', state]
      return ['serve', source, ...AT, ...places, '--trackerless']
    },
    ready: /^address: /m,
  },
  track: {
    args: (mirror) => {
      const places = ['--dfile', `${mirror.root}/peers`, '--allowed-dir', mirror.target]
      return ['track', ...AT, ...places, '--max-peers', '1000', '--admin-users', mirror.at('users')]
    },
    arrange: (mirror) => {
      plantUsers(mirror.source)
      return Promise.resolve()
    },
    ready: /^state:/m,
    isLong: true,
  },
  seed: {
    args: (mirror) => ['seed', ...AT, mirror.torrent('a'), '--data', mirror.at('a'), '--no-cache'],
    arrange: makeOne,
    ready: /added/,
  },
}

for (const [name, { args, arrange, kept, ready, isLong }] of Object.entries(COMMANDS)) {
  const declare = isLong ? longTest : test
  declare(`${name} leaves nothing behind, whichever call fails`, unlessProc, async (t) => {
    const act = (mirror: Mirror) => {
      return ready ? startAndStop(t, args(mirror), ready) : runBtkit(args(mirror), WORLD)
    }
    let expected: Record<string, string> | undefined
    const digests = (mirror: Mirror, without?: string) => {
      const { [without ?? '']: _, ...rest } = digestsIn(mirror.target)
      return rest
    }
    const known = new Set<string>()
    await failEachCall({
      arrange: async () => {
        const mirror = new Mirror(t, FILES)
        await arrange?.(mirror)
        for (const file of namesBelow(mirror)) known.add(file)
        return mirror
      },
      act,
      look: async ({ status, stderr, code }, mirror, failed) => {
        if (failed === '') {
          assert.equal(status, 0, stderr)
          for (const file of namesBelow(mirror)) known.add(file)
          expected = digests(mirror)
        }
        assert.ok([0, 1].includes(status) && code !== 'internal', `${failed}: ${stderr}`)
        assert.match(stderr, /^(btkit: [^\n]+\n)*$/, failed)
        if (status === 0) assert.deepEqual(digests(mirror, kept), expected, failed)
        for (const file of namesBelow(mirror)) assert.ok(known.has(file), `${failed}: ${file}`)
        assertStatus(await act(mirror), 0)
        assert.deepEqual(digests(mirror), expected, failed)
      },
    })
  })
}

/** All files of a mirror but lock files, which do no harm; some are named by a hash of its path. */
function namesBelow(mirror: Mirror): string[] {
  const names = filesBelow(mirror.root).filter((name) => !name.endsWith('.lock'))
  return names.map((name) => name.replace(/[\da-f]{32}/, 'HASH'))
}

async function startAndStop(t: TestContext, args: string[], ready: RegExp): Promise<RunResult> {
  const running = startBtkit(t, args, WORLD)
  await running.said(ready).catch(() => undefined)
  return running.stop()
}
