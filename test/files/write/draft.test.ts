import assert from 'node:assert/strict'
import { chmodSync, chownSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isTemporaryName } from '../../../src/files/temporary-name.js'
import { writeDraft } from '../../../src/files/write/draft.js'
import { unlessWindows } from '../failure.js'
import { makeTemporaryDirectory } from '../temporary-directory.js'

const bytes = Buffer.from('draft')
const isRoot = process.getuid?.() === 0
const onlyRoot = { skip: !isRoot && 'only root gives files away' }
const unlessRoot = { skip: isRoot && 'root may give files away' }

test('a draft lies beside the file to be, under a temporary name', async (t) => {
  const root = makeTemporaryDirectory(t)
  const draft = await writeDraft(join(root, 'a'), { bytes, mode: undefined, owner: undefined })
  assert.ok(isTemporaryName(draft.slice(root.length + 1)))
  assert.deepEqual(readFileSync(draft), bytes)
})

test('it is given to the owner asked for, with the mode', onlyRoot, async (t) => {
  const root = makeTemporaryDirectory(t)
  const owner = { uid: 1234, gid: 4321 }
  const draft = await writeDraft(join(root, 'a'), { bytes, mode: 0o640, owner })
  const { uid, gid, mode } = statSync(draft)
  assert.deepEqual({ uid, gid, mode: mode & 0o7777 }, { ...owner, mode: 0o640 })
})

test("an owner's group counts more than that of the directory", onlyRoot, async (t) => {
  const root = makeTemporaryDirectory(t)
  chownSync(root, 0, 4321)
  chmodSync(root, 0o2755)
  const owner = { uid: 0, gid: 0 }
  const draft = await writeDraft(join(root, 'a'), { bytes, mode: 0o644, owner })
  assert.equal(statSync(draft).gid, 0)
})

test('where it may not be given away it stays ours', unlessRoot, async (t) => {
  const root = makeTemporaryDirectory(t)
  const owner = { uid: 1, gid: 1 }
  const draft = await writeDraft(join(root, 'a'), { bytes, mode: 0o640, owner })
  assert.deepEqual(readFileSync(draft), bytes)
})

test('an exact mode is given whatever umask says', unlessWindows, async (t) => {
  const root = makeTemporaryDirectory(t)
  const before = process.umask(0o077)
  t.after(() => process.umask(before))
  const draft = await writeDraft(join(root, 'a'), { bytes, mode: 0o666, owner: undefined })
  assert.equal(statSync(draft).mode & 0o7777, 0o666)
})
