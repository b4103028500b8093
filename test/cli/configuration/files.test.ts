import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readerOnce } from '../../../src/cli/configuration/files.js'
import { makeScratch } from '../../support/scratch.js'

test('a reader for several commands parses each file once', async (t) => {
  const directory = makeScratch(t, { a: 'serve: {port: 1}\n', b: 'oops\n' })
  const [a, b] = [join(directory, 'a'), join(directory, 'b')]
  const mistakes = new Set<string>()
  const read = readerOnce({ isRoot: false }, mistakes)
  const first = await read([a, b])
  for (const path of [a, b]) rmSync(path)
  assert.deepEqual(await read([a]), first)
  assert.deepEqual(
    [first.map(({ path }) => path), [...mistakes]],
    [[a], [`${b}:1:1: not a map of sections such as defaults:`]],
  )
})
