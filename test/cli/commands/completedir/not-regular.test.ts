import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { lstatSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { unlessInstalled } from '../../../support/peers.js'
import { entriesOf, Mirror } from '../../../support/mirror.js'

/** Options, and the file that is replaced by a pipe. */
const PLACES: readonly (readonly [options: readonly string[], file: string])[] = [
  [[], 'a.torrent'],
  [['--force'], 'a.torrent'],
  [['--dry-run'], 'a.torrent'],
  [['--checksums', 'sha256'], 'a.sha256'],
]

for (const [options, file] of PLACES) {
  for (const isKnown of [false, true]) {
    const before = isKnown ? 'where there was a file of ours ' : ''
    const what = `a pipe in place of ${file} ${before}with ${options.join(' ') || 'no options'}`
    test(`${what} is reported, and the rest is done`, unlessInstalled('mkfifo'), async (t) => {
      const mirror = new Mirror(t, { a: 'a', b: 'b' })
      if (isKnown) await mirror.report(['--checksums', 'sha256'])
      const path = join(mirror.target, file)
      for (const gone of [file, 'b.torrent']) rmSync(join(mirror.target, gone), { force: true })
      execFileSync('mkfifo', [path])
      const { failed, created } = await mirror.report(options)
      const messages = failed.map(({ message }) => message)
      assert.deepEqual(messages, [`${path}: not a regular file`])
      assert.deepEqual(entriesOf(created), ['b'])
      assert.ok(lstatSync(path).isFIFO())
    })
  }
}

test(
  'a pipe in place of a torrent to prune is reported and stays',
  unlessInstalled('mkfifo'),
  async (t) => {
    const mirror = new Mirror(t, { a: 'a', b: 'b' })
    await mirror.report()
    for (const path of [mirror.at('a'), mirror.torrent('a')]) rmSync(path)
    execFileSync('mkfifo', [mirror.torrent('a')])
    const { status, stderr } = await mirror.run(['--prune', '--quiet'])
    assert.deepEqual([status, stderr], [1, `btkit: ${mirror.torrent('a')}: not a regular file\n`])
    assert.ok(lstatSync(mirror.torrent('a')).isFIFO())
  },
)
