import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { PathSets, singleSet } from '../../../src/mirror/torrents/path-sets.js'
import { unlimitedBudget } from '../../../src/server/admission/memory.js'
import { makeScratch } from '../../support/scratch.js'
import { refused } from '../refused.js'

const none = null as never

test('the paths of a form are its fields p, as many as may be', async () => {
  const sets = new PathSets({ limits: { maxPaths: 2 } } as never, none, none, none)
  const digest = createHash('sha1').update('a b\nc/d').digest('hex')
  const post = (form: string) => sets.posted(Buffer.from(form), digest, none)
  assert.deepEqual((await post('q=x&p=a+b&p=c%2Fd')).paths, ['a b', 'c/d'])
  await assert.rejects(post('p=a&p=b&p=c'), refused('too-large', /more than 2 paths/))
})

test('a set is kept as the protocol knows it, and a pattern costs more', async (t) => {
  const root = makeScratch(t, { 'd/a': '1', 'd/b': '2', 'd/c\nd': '3' })
  const mirror = { root, hidden: false, followSymlinks: false }
  let kept: unknown = null
  const note = (_: string, set: object) => (kept = set)
  const options = { mirror, limits: { maxMatches: 9 } } as never
  const sets = new PathSets(options, none, none, { note } as never)
  const form = { isSingle: false, paths: ['/d/a', '/d/b', '/d/c*'] }
  for (const [set, expected, work] of [
    [singleSet('/d/a', 'v1'), { isSingle: true, paths: ['/d/a'] }, null],
    [singleSet('/d/[ab]', 'v1'), { isSingle: false, paths: ['/d/[ab]'] }, 1000],
    [{ ...form, digest: '' }, form, 1002],
    // Another set has its digest
    [singleSet('/d/c\nd', 'v1'), null, null],
    [singleSet('/d/a', 'hybrid'), null, null],
  ] as const) {
    const { look, effort } = sets.source(set)
    kept = null
    await look(unlimitedBudget())
    assert.deepEqual([kept, effort], [expected, work])
  }
})
