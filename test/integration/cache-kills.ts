import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { recordsOfKind } from '../../src/cache/maintain.js'
import { openCache } from '../../src/cache/open.js'
import { letFilesSettle } from '../support/aged.js'
import { runExecutable } from '../support/executable.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { random } from '../support/random.js'
import { makeScratch } from '../support/scratch.js'
import { killAfter } from './kills.js'

const TRACKER = 'http://t.example/announce'
const SMALL_PIECES = ['--piece-size-pow2', '14']

/** The arguments of each command that opens the cache, in a directory of files and their torrents. */
const COMMANDS: Record<string, (at: (path: string) => string, round: number) => string[]> = {
  completedir: (at, round) => {
    const places = [at('src'), '--target', at('torrents'), '--state-dir', at('state')]
    return ['completedir', TRACKER, ...places, '--comment', `${round}`, ...SMALL_PIECES]
  },
  makemetafile: (at, round) => {
    const target = ['--target', at(`made-${round}.torrent`)]
    return ['makemetafile', at('src'), TRACKER, ...target, ...SMALL_PIECES]
  },
  verify: (at) => ['verify', '--data', at('src'), at('torrents/e0.torrent'), '--trust-cache'],
  serve: (at) => ['serve', at('src'), '--port', '0', '--tracker', TRACKER, '--warm', '*'],
  seed: (at) => ['seed', at('torrents'), '--data', at('src'), '--port', '0', '--quiet'],
  'cache prune': () => ['cache', 'prune'],
  'cache stats': () => ['cache', 'stats'],
}

/** Kills each of these commands so many times; no digest that was in the cache may be lost. */
export function testCacheKills(kills: number, names = Object.keys(COMMANDS)): void {
  for (const name of names) {
    test(`no digest is lost by ${kills} kills of ${name}`, async (t) => {
      const root = makeScratch(t)
      for (const directory of ['src', 'cache', 'torrents']) mkdirSync(join(root, directory))
      for (let i = 0; i < 40; i++) plant(root, i)
      await letFilesSettle()
      const filled = await runExecutable('btkit', argsOf('completedir', root, -1))
      assert.equal(filled.status, 0, filled.stderr)
      let known = await digestsIn(root)
      assert.ok(known.size >= 40)
      const killTen = async (from: number) => {
        for (let round = from; round < Math.min(from + 10, kills); round++) {
          for (let i = 0; i < 5; i++) plant(root, 40 + i, round)
          await killAfter(100 + 1000 * random(), argsOf(name, root, round))
          const now = await digestsIn(root)
          for (const key of known) assert.ok(now.has(key), `${key} is lost in round ${round}`)
          known = now
        }
      }
      if (kills <= 10) await killTen(0)
      else for (let i = 0; i < kills; i += 10) await t.test(`from ${i}`, () => killTen(i))
    })
  }
}

function argsOf(name: string, root: string, round: number): string[] {
  const args = COMMANDS[name]?.((path) => join(root, path), round) ?? []
  return [...args, '--cache-dir', join(root, 'cache')]
}

function plant(root: string, i: number, round = 0): void {
  writeFileSync(join(root, 'src', `e${i}`), pseudoRandom(30_000 + i * 100, i + 1000 * round))
}

/** The keys of all digests of files in the cache, which no kill may have damaged. */
async function digestsIn(root: string): Promise<ReadonlySet<string>> {
  const cache = await openCache({
    directory: join(root, 'cache'),
    now: Date.now,
    warn: assert.ifError,
  })
  const keys = [...recordsOfKind(cache.store, 'file')].map(({ key }) =>
    Buffer.from(key).toString('latin1'),
  )
  await cache.close()
  return new Set(keys)
}
