import assert from 'node:assert/strict'
import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Mirror } from '../../../support/mirror.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'

const FILES = {
  'set/a': pseudoRandom(100_000, 1),
  'set/b': pseudoRandom(70_000, 2),
  'set/c/d': pseudoRandom(300_000, 3),
}

/** A file that changes between two runs, the options of the second one, and the reason. */
const REASONS: readonly (readonly [
  change: readonly [path: string, content: Uint8Array | null] | null,
  args: readonly string[],
  reason: RegExp,
])[] = [
  [null, ['--comment', 'x'], /^--comment$/],
  [null, ['--private', '--web-seed', 'http://w.example/', '--remake'], /^--web-seed, --private$/],
  [null, ['--piece-length', '128K', '--remake'], /^piece length$/],
  [['src/set/c/e', Buffer.from('new')], [], /^c\/e added$/],
  [['src/set/b', null], ['--source', 'x', '--remake'], /^--source, b removed$/],
  [['src/set/c/d', pseudoRandom(300_000, 9)], [], /c\/d changed(; b shares its pieces)?$/],
  [['src/set/b', pseudoRandom(70_001, 2)], [], /^b changed$/],
  [['out/set.torrent', Buffer.alloc(0)], [], /^there was no valid torrent$/],
]

for (const version of ['1', '2', 'hybrid']) {
  test(`the report of version ${version} says why a torrent was made again`, async (t) => {
    for (const [change, args, reason] of REASONS) {
      const mirror = new Mirror(t, FILES)
      const form = version === 'hybrid' ? ['--hybrid'] : version === '2' ? ['--v2'] : []
      await mirror.report([...form, '--piece-length', '32K'])
      const [path = '', content = null] = change ?? []
      if (content) writeFileSync(join(mirror.root, path), content)
      else if (change) rmSync(join(mirror.root, path))
      const length = args.includes('--piece-length') ? [] : ['--piece-length', '32K']
      const feed = join(mirror.root, 'feed')
      const { updated } = await mirror.report([
        ...form,
        ...length,
        ...args,
        '--on-change',
        `cat > ${feed}`,
      ])
      assert.match(updated[0]?.reason ?? '', reason, `${args.join(' ')} ${String(reason)}`)
      assert.ok(readFileSync(feed, 'utf8').includes(JSON.stringify(updated[0])))
      const text = await mirror.run([...form, '--piece-length', '32K', '--comment', 'other'])
      assert.match(text.stdout, /^updated \S+set\.torrent(: .*)? \(.*--comment.*\)$/m)
    }
  })
}

test('files that share pieces with a changed one are not called changed', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const files = names.map((name, i) => [`set/${name}`, pseudoRandom(100_001, i)] as const)
  const mirror = new Mirror(t, Object.fromEntries(files))
  await mirror.report(['--piece-length', '32K'])
  let seed = 100
  const change = async (...changed: readonly string[]) => {
    for (const name of changed) writeFileSync(mirror.at('set', name), pseudoRandom(100_001, ++seed))
    // As an archive or rsync sets it
    utimesSync(mirror.at('set', changed[0] ?? ''), 1e9, 1e9)
    return (await mirror.report(['--piece-length', '32K'])).updated[0]?.reason
  }
  assert.equal(await change('c'), 'c changed; b, d share its pieces')
  assert.equal(await change('e'), 'e changed; d shares its pieces')
  assert.equal(await change('a', 'c'), 'a changed, c changed; b, d share their pieces')
  assert.equal(await change(...names), 'a changed, b changed, c changed, 2 more')
})
