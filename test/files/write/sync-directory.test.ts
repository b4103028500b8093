import assert from 'node:assert/strict'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { osCodeOf } from '../../../src/errors.js'
import { syncDirectory } from '../../../src/files/write/sync-directory.js'
import { unlessRoot } from '../failure.js'
import { makeTemporaryDirectory, withMode } from '../temporary-directory.js'

test('a directory is synced', async (t) => {
  const directory = makeTemporaryDirectory(t)
  const handle = await open(directory)
  await handle.close()
  const sync = t.mock.method(Object.getPrototypeOf(handle) as typeof handle, 'sync')
  await syncDirectory(directory)
  assert.equal(sync.mock.callCount(), 1)
  assert.equal(sync.mock.calls[0]?.error, undefined)
})

test('one that may be written but not read is let be', unlessRoot, async (t) => {
  const directory = makeTemporaryDirectory(t)
  await assert.doesNotReject(withMode(directory, 0o300, () => syncDirectory(directory)))
})

test('one that is missing is an error', async (t) => {
  const missing = join(makeTemporaryDirectory(t), 'gone')
  await assert.rejects(syncDirectory(missing), (error) => osCodeOf(error) === 'ENOENT')
})
