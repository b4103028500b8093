import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CACHE_FILE } from '../../../src/cache/open.js'
import { letFilesSettle } from '../../support/aged.js'
import { runExecutable } from '../../support/executable.js'
import { Mirror } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'

const PAGE = 4096
const FILES = Object.fromEntries(
  Array.from({ length: 300 }, (_, i) => [`file-${i}`, pseudoRandom(60_000, i)] as const),
)
const PIECES = ['--piece-size-pow2', '14', '--no-date']

/** Content of a page that somebody else wrote, or that was lost. */
const DAMAGES: readonly (readonly [
  what: string,
  damage: (page: Buffer, seed: number) => Buffer,
])[] = [
  ['random bytes', (page, seed) => pseudoRandom(page.length, seed)],
  ['zeros', (page) => Buffer.alloc(page.length)],
  ['a wrong bit', (page, seed) => withWrongBit(page, seed)],
]

function withWrongBit(page: Buffer, seed: number): Buffer {
  const at = pseudoRandom(4, seed).readUInt32LE() % (8 * page.length)
  const damaged = Buffer.from(page)
  damaged[at >> 3]! ^= 1 << (at & 7)
  return damaged
}

/** Runs the program on a cache of these bytes, and returns what it warns of. */
async function runDamaged(mirror: Mirror, cache: Buffer, what: string): Promise<string> {
  for (const name of readdirSync(mirror.cache)) rmSync(join(mirror.cache, name))
  writeFileSync(join(mirror.cache, CACHE_FILE), cache)
  const comment = [...PIECES, '--comment', what]
  const { status, stderr } = await runExecutable('btkit', mirror.args([...comment, '--quiet']))
  assert.equal(status, 0, what)
  assert.match(stderr, /^(btkit: warning: cache [^\n]+\n)?$/, what)
  await mirror.checkAgainstFresh(comment)
  return stderr
}

for (const [what, damage] of DAMAGES) {
  test(`${what} in any page of a cache reach no torrent, and cost a warning at most`, async (t) => {
    const mirror = new Mirror(t, FILES)
    await letFilesSettle()
    await mirror.report(PIECES)
    const file = join(mirror.cache, CACHE_FILE)
    const whole = readFileSync(file)
    let warned = 0
    for (let page = 0; page * PAGE < whole.length; page++) {
      const damaged = Buffer.from(whole)
      damage(whole.subarray(page * PAGE, (page + 1) * PAGE), page).copy(damaged, page * PAGE)
      if ((await runDamaged(mirror, damaged, `page ${page}`)) !== '') warned++
    }
    t.diagnostic(`${Math.ceil(whole.length / PAGE)} pages, ${warned} warnings`)
    assert.ok(warned > 0)
  })
}

test('several pages of random bytes reach no torrent, and cost a warning at most', async (t) => {
  const mirror = new Mirror(t, FILES)
  await letFilesSettle()
  await mirror.report(PIECES)
  const file = join(mirror.cache, CACHE_FILE)
  const whole = readFileSync(file)
  for (let seed = 0; seed < 30; seed++) {
    const damaged = Buffer.from(whole)
    for (let i = 0; i <= seed % 3; i++) {
      const page = pseudoRandom(4, seed * 10 + i).readUInt32LE() % (whole.length / PAGE)
      pseudoRandom(PAGE, seed).copy(damaged, Math.floor(page) * PAGE)
    }
    await runDamaged(mirror, damaged, `seed ${seed}`)
  }
})
