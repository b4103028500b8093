import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  [['src/set/c/d', pseudoRandom(300_000, 9)], [], /c\/d changed$/],
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
