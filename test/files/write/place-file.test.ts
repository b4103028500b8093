import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { osCodeOf } from '../../../src/errors.js'
import { placeNewFile, reserveAndRename } from '../../../src/files/write/atomically.js'
import { makeTemporaryDirectory, plantTree } from '../temporary-directory.js'

const hasCode = (code: string) => (error: unknown) => osCodeOf(error) === code

for (const place of [placeNewFile, reserveAndRename]) {
  test(`${place.name} gives a file a name that is free`, async (t) => {
    const root = plantTree(t, ['draft'])
    await place(join(root, 'draft'), join(root, 'final'))
    assert.deepEqual(readdirSync(root), ['final'])
    assert.equal(readFileSync(join(root, 'final'), 'utf8'), 'draft')
  })

  test(`${place.name} leaves both files when the name is taken`, async (t) => {
    const root = plantTree(t, ['draft', 'final'])
    await assert.rejects(place(join(root, 'draft'), join(root, 'final')), hasCode('EEXIST'))
    assert.equal(readFileSync(join(root, 'draft'), 'utf8'), 'draft')
    assert.equal(readFileSync(join(root, 'final'), 'utf8'), 'final')
  })

  test(`${place.name} lets one of many win`, async (t) => {
    const drafts = Array.from({ length: 20 }, (_, i) => `draft-${i}`)
    const root = plantTree(t, drafts)
    const final = join(root, 'final')
    const ends = await Promise.allSettled(drafts.map((draft) => place(join(root, draft), final)))
    assert.equal(ends.filter((end) => end.status === 'fulfilled').length, 1)
    assert.equal(readdirSync(root).length, 20)
    const winner = drafts[ends.findIndex((end) => end.status === 'fulfilled')]
    assert.equal(readFileSync(final, 'utf8'), winner)
  })

  test(`${place.name} leaves nothing when there is no draft`, async (t) => {
    const root = makeTemporaryDirectory(t)
    await assert.rejects(place(join(root, 'draft'), join(root, 'final')), hasCode('ENOENT'))
    assert.equal(existsSync(join(root, 'final')), false)
  })
}

test('placeNewFile leaves nothing where neither a link nor a rename works', async (t) => {
  const root = makeTemporaryDirectory(t)
  mkdirSync(join(root, 'draft'))
  await assert.rejects(placeNewFile(join(root, 'draft'), join(root, 'final')))
  assert.deepEqual(readdirSync(root), ['draft'])
})
