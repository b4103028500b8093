import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { InsideResolver, resolveInside } from '../../../src/disk/look/inside.js'
import { rawPath } from '../../../src/base/text/raw-path.js'
import { makeScratch, plantLinks } from '../../support/scratch.js'

/** What is at paths below a root, and if links may lead out of it. */
const KINDS: readonly (readonly [path: string, inside: string, followed?: string])[] = [
  ['a', 'file'],
  ['d', 'directory'],
  ['d/b', 'file'],
  ['to-b', 'file'],
  ['to-d/b', 'file'],
  ['missing', 'missing'],
  ['a/b', 'missing'],
  ['x'.repeat(300), 'missing'],
  ['loop', 'link loop'],
  ['loop/b', 'link loop'],
  ['../outside/c', 'outside'],
  ['out/c', 'outside', 'file'],
  ['out-c', 'outside', 'file'],
]

test('paths below a root are found by one, by many and by a thread alike', async (t) => {
  const directory = makeScratch(t, { 'root/a': '1', 'root/d/b': '22', 'outside/c': '333' })
  const root = join(directory, 'root')
  const links = { out: '../outside', 'out-c': '../outside/c', loop: 'loop' }
  plantLinks(root, { ...links, 'to-b': 'd/b', 'to-d': 'd' })
  const paths = KINDS.map(([path]) => path.split('/'))
  for (const followSymlinks of [false, true]) {
    const expected = KINDS.map(([, inside, followed]) => (followSymlinks && followed) || inside)
    const resolver = new InsideResolver(root, { followSymlinks })
    assert.deepEqual(
      paths.map((path) => resolver.resolve(path).kind),
      expected,
    )
    // So many are looked at together
    const all = await new InsideResolver(root, { followSymlinks }).resolveAll([...paths, ...paths])
    assert.deepEqual(
      all.map(({ kind }) => kind),
      [...expected, ...expected],
    )
    if (followSymlinks) continue
    const byThread = await Promise.all(paths.map((path) => resolveInside(root, path)))
    assert.deepEqual(
      byThread.map(({ kind }) => kind),
      expected,
    )
  }
})

test('a name that is not UTF-8 is found by its text on request', (t) => {
  const root = makeScratch(t)
  writeFileSync(Buffer.concat([Buffer.from(`${root}/a`), Buffer.of(0xff)]), 'x')
  assert.equal(new InsideResolver(root).resolve(['a\uFFFD']).kind, 'missing')
  const found = new InsideResolver(root, { rawNames: true }).resolve(['a\uFFFD'])
  assert.ok(found.kind === 'file')
  assert.deepEqual(rawPath(found.path), Buffer.from(`${root}/a\xff`, 'latin1'))
})

test('a link is right by its words, by where it ends, or not at all', (t) => {
  const root = makeScratch(t, { 'n/d/b': '1', 'n/a': '2', c: '3' })
  const links = { word: 'd/b', further: 'word', other: 'a', dangling: 'gone', out: '../c' }
  plantLinks(join(root, 'n'), links)
  const resolver = new InsideResolver(root)
  const lookAt = (name: string, ...wanted: string[]) => resolver.resolveLink(['n'], [name], wanted)
  const link = (target: string, isRight: boolean) => ({ kind: 'link', target, isRight })
  assert.deepEqual(lookAt('word', 'd', 'b'), link('d/b', true))
  assert.deepEqual(lookAt('further', 'd', 'b'), link('word', true))
  assert.deepEqual(lookAt('other', 'd', 'b'), link('a', false))
  assert.deepEqual(lookAt('dangling', 'gone'), link('gone', true))
  assert.deepEqual(lookAt('out', '..', 'c'), link(join(root, 'c'), false))
  assert.equal(lookAt('a', 'd', 'b').kind, 'file')
  assert.equal(lookAt('missing', 'd', 'b').kind, 'missing')
})
