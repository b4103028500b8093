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

/** What a page may hold that another wrote, or that was lost. */
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
      for (const name of readdirSync(mirror.cache)) rmSync(join(mirror.cache, name))
      writeFileSync(file, damaged)
      const args = mirror.args([...PIECES, '--comment', `${page}`, '--quiet'])
      const { status, stderr } = await runExecutable('btkit', args)
      assert.equal(status, 0, `page ${page}`)
      assert.match(stderr, /^(btkit: warning: cache [^\n]+\n)?$/, `page ${page}`)
      if (stderr !== '') warned++
      await mirror.checkAgainstFresh([...PIECES, '--comment', `${page}`])
    }
    t.diagnostic(`${Math.ceil(whole.length / PAGE)} pages, ${warned} warnings`)
    assert.ok(warned > 0)
  })
}
