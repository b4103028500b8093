import assert from 'node:assert/strict'
import { appendFileSync, closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ReadOnce } from '../../../src/core/digests/cache-access.js'
import { hashContent } from '../../../src/core/digests/hash-content.js'
import { hashInGroups } from '../../../src/core/digests/hash-groups.js'
import { nativeLstat } from '../../../src/disk/look/stat-files.js'
import { chooseKernel } from '../../../src/disk/hash/kernels.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { quickFirst } from '../../support/long.js'
import { aheadOfFiles } from '../../support/mirror.js'
import { makeScratch } from '../../support/scratch.js'
import { contentRequest, cutContent, hashContext } from '../requests.js'

const unlessNoAddon = { skip: process.platform !== 'linux' || nativeLstat === null }

/** Files that share pieces, one of several pieces, and one without bytes. */
const FILES = {
  'at-once': pseudoRandom(100, 1),
  empty: '',
  large: pseudoRandom(700_000, 2),
  small: pseudoRandom(65_536, 3),
  'too-large': pseudoRandom(65_537, 4),
}

/** Threads of node:crypto take long to start. */
const testThreads = quickFirst()

const KERNELS = new Set([chooseKernel().name, 'crypto'] as const)

for (const version of ['v1', 'v2', 'hybrid'] as const) {
  for (const kernel of KERNELS) {
    for (const isOffloaded of [false, true]) {
      const how = `${version} on ${kernel}${isOffloaded ? ' and other threads' : ''}`
      const declare = isOffloaded && kernel === 'crypto' ? testThreads : test
      declare(`a file that is open for writing is noticed: ${how}`, unlessNoAddon, async (t) => {
        const directory = makeScratch(t, FILES)
        const content = await cutContent(contentRequest(directory, { version }))
        const context = hashContext({ kernel, isOffloaded, threads: isOffloaded ? 2 : 1 })
        const cacheAccess = { ...context.cacheAccess, now: aheadOfFiles }
        const hash = (refusesWritten: boolean) =>
          hashContent(content, { ...context, cacheAccess, rules: { refusesWritten } })
        for (const name of Object.keys(FILES)) {
          const path = join(directory, name)
          const writer = openSync(path, 'r+')
          const { isSettled } = await hash(false)
          assert.equal(isSettled, false, name)
          const message = `${path}: a program has it open for writing`
          await assert.rejects(hash(true), { code: 'changed', message })
          closeSync(writer)
        }
        assert.equal((await hash(true)).isSettled, true)
      })
    }
  }
}

test('content that changes while it is read is refused', async (t) => {
  const directory = makeScratch(t, FILES)
  const readOnce: ReadOnce = (_, read) =>
    read(async function* (...wanted) {
      yield* hashInGroups(...wanted)
      appendFileSync(join(directory, 'at-once'), 'more')
    })
  const content = await cutContent(contentRequest(directory))
  const context = hashContext()
  const cacheAccess = { ...context.cacheAccess, reader: { readOnce } }
  await assert.rejects(hashContent(content, { ...context, cacheAccess }), { code: 'changed' })
})
