import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { streamAtomically } from '../../../src/files/write/stream-atomically.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeTemporaryDirectory } from '../temporary-directory.js'

/** Gives bytes in slices of one buffer, each of which lasts until the next. */
function* inOneBuffer(bytes: Uint8Array, size: number): Generator<Uint8Array, void> {
  const buffer = new Uint8Array(size)
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size)
    buffer.set(part)
    yield buffer.subarray(0, part.length)
    buffer.fill(0)
  }
}

test('slices of any length, all in the same buffer, are written one after the other', async (t) => {
  const path = join(makeTemporaryDirectory(t), 'written')
  const bytes = Buffer.from(pseudoRandom(700_000))
  for (const size of [32_768, 99_991, 262_144, 700_000]) {
    await streamAtomically(path, inOneBuffer(bytes, size), 0o600)
    assert.ok(readFileSync(path).equals(bytes), `slices of ${size} bytes`)
  }
})
