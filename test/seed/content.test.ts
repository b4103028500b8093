import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fingerprintOf } from '../../src/files/fingerprint.js'
import { FileReader, type DataFile } from '../../src/seed/content.js'
import { makeScratch } from '../support/scratch.js'

test('very many files may be read at once', async (t) => {
  const names = Array.from({ length: 600 }, (_, n) => `${n}.bin`)
  const directory = makeScratch(t, Object.fromEntries(names.map((name) => [name, name])))
  const files = names.map((name): DataFile => {
    const path = join(directory, name)
    return { path, fingerprint: fingerprintOf(statSync(path, { bigint: true })) }
  })
  const reader = new FileReader()
  t.after(() => {
    reader.close()
  })
  const chunks = await Promise.all(files.map((file, n) => reader.load(`${n}`, file, 0)))
  assert.deepEqual(chunks.map(String), names)
})
