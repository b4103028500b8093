import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readFingerprint } from '../../../src/files/fingerprint.js'
import { refuseWriters } from '../../../src/mirror/torrents/writers.js'
import { failure } from '../../files/failure.js'
import { makeScratch } from '../../support/scratch.js'
import {
  prepareWriters,
  unlessLongWrites,
  unlessWritersTell,
  type WriterKind,
} from '../../support/writers.js'

function plantFile(t: TestContext) {
  const directory = makeScratch(t, { a: 'content' })
  chmodSync(directory, 0o755)
  const absolutePath = join(directory, 'a')
  return { path: ['a'], absolutePath, fingerprint: readFingerprint(absolutePath) }
}

const KINDS: readonly WriterKind[] = ['direct', 'long', 'mapping']

for (const kind of KINDS) {
  const condition = kind === 'long' ? unlessLongWrites : unlessWritersTell

  test(`a file that is open for writing is not read: ${kind}`, condition, async (t) => {
    const startWriter = prepareWriters(t)
    const file = plantFile(t)
    await startWriter(kind, file.absolutePath).step()
    const message = `${file.absolutePath}: written to while it was read`
    await assert.rejects(refuseWriters([file]), failure('changed', message))
  })

  test(
    `without the right to leases, a write that ends makes the reading invalid: ${kind}`,
    condition,
    async (t) => {
      const startWriter = prepareWriters(t)
      if (process.getuid?.() !== 0) {
        t.skip('only root can become somebody else')
        return
      }
      const file = plantFile(t)
      const writer = startWriter(kind, file.absolutePath)
      await writer.step()
      process.seteuid?.(65534)
      const watch = await refuseWriters([file]).finally(() => process.seteuid?.(0))
      t.after(() => watch.close())
      watch.check()
      for (let step = 0; step < 3; step++) await writer.step()
      const message = `${file.absolutePath}: written to while it was read`
      assert.throws(
        () => {
          watch.check()
        },
        failure('changed', message),
      )
    },
  )
}

test('files that nobody writes to are read', unlessWritersTell, async (t) => {
  const watch = await refuseWriters([plantFile(t)])
  assert.doesNotThrow(() => {
    watch.check()
  })
  await watch.close()
})
