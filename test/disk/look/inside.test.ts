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
    const kinds = paths.map((path) => resolver.resolve(path).kind)
    assert.deepEqual(kinds, expected)
    // So many are looked at together
    const all = await resolver.resolveAll([...paths, ...paths])
    assert.deepEqual(
      all.map(({ kind }) => kind),
      [...kinds, ...kinds],
    )
  }
  for (const [i, path] of paths.entries())
    assert.equal((await resolveInside(root, path)).kind, KINDS[i]![1])
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
  const root = makeScratch(t, { 'n/d/b': '', 'n/a': '', c: '' })
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
})
