import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { decodeTorrent } from '../../../support/decode-torrent.js'
import { unlessInstalled } from '../../../support/peers.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { assertError, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { TRACKER } from '../../../support/torrents.js'

// A list of checksums beside files of this machine, made by the programs that people use for that.

function plant(t: TestContext) {
  const files = { 'rel/a.iso': pseudoRandom(300_000, 1), 'rel/d/b': 'b', 'rel/left': 'out' }
  const directory = makeScratch(t, files)
  const at = (path: string) => join(directory, path)
  /** Writes a list of a program, which runs in a directory. */
  const list = (program: string, within: string, names: readonly string[], path: string) => {
    writeFileSync(at(path), execFileSync(program, names, { cwd: at(within) }))
    return at(path)
  }
  const make = (path: string, ...args: readonly string[]) =>
    runBtkit(['makemetafile', at('rel'), TRACKER, '--files-from', path, ...args])
  const named = () => {
    const { info } = decodeTorrent(readFileSync(at('rel.torrent')))
    return (info['files'] as { path: string[] }[]).map(({ path }) => path.join('/'))
  }
  return { at, list, make, named }
}

for (const program of ['sha256sum', 'sha512sum', 'md5sum', 'b2sum']) {
  test(`files that a list of ${program} names are checked`, unlessInstalled(program), async (t) => {
    const { at, list, make, named } = plant(t)
    const sums = list(program, 'rel', ['d/b', 'a.iso'], 'rel/SUMS')
    for (const cache of [['--no-cache'], [], []]) {
      assertStatus(await make(sums, '--force', ...cache), 0)
      assert.deepEqual(named(), ['d/b', 'a.iso'])
    }
    rmSync(at('rel.torrent'))
    writeFileSync(at('rel/d/b'), 'c')
    const { code, stderr } = await make(sums)
    assert.equal(code, 'changed')
    assert.match(stderr, /rel\/d\/b: its \w+ is .*, not [0-9a-f]+ as listed/)
    assert.equal(existsSync(at('rel.torrent')), false)
  })
}

test('a list that was made above the directory counts, too, and its lists are written', async (t) => {
  const { at, list, make, named } = plant(t)
  const sums = list('sha256sum', '', ['rel/a.iso', 'rel/d/b'], 'SHA256SUMS')
  assertStatus(await make(sums, '--checksums', 'md5'), 0)
  assert.deepEqual(named(), ['a.iso', 'd/b'])
  assert.equal(
    execFileSync('md5sum', ['-c', 'rel.md5'], { cwd: at('') })
      .toString()
      .split('OK').length,
    3,
  )
  writeFileSync(at('rel/a.iso'), 'other')
  const before = readFileSync(at('rel.torrent'))
  assert.equal((await make(sums, '--force')).code, 'changed')
  assert.deepEqual(readFileSync(at('rel.torrent')), before)
})

test('a listed file that is missing is named', async (t) => {
  const { at, list, make } = plant(t)
  const sums = list('sha256sum', 'rel', ['a.iso', 'd/b'], 'rel/SUMS')
  rmSync(at('rel/d/b'))
  assertError(await make(sums), 'not-found', at('rel/d/b'))
})
