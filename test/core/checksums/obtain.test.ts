import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CHECKSUM_NAMES } from '../../../src/core/checksums/list.js'
import { parseListName } from '../../../src/core/checksums/lists.js'
import { obtainChecksums, recallChecksums } from '../../../src/core/checksums/obtain.js'
import { openCache } from '../../../src/disk/cache/open.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'
import { FILES } from '../golden-content.js'
import { contentRequest, cutContent, hashContext, settledContext } from '../requests.js'

/** A file that is read on other threads, beside small ones. */
const LARGE = { large: pseudoRandom(300_000) }

const hexOf = (digest?: Uint8Array) => Buffer.from(digest ?? []).toString('hex')

for (const threads of [1, 2, 16]) {
  test(`checksums are those of coreutils, on ${threads} threads`, async (t) => {
    const content = await cutContent(contentRequest(makeScratch(t, { ...FILES, ...LARGE })))
    const found = await obtainChecksums(content, CHECKSUM_NAMES, hashContext({ threads }))
    const paths = found.map(({ file }) => file.absolutePath)
    for (const [i, name] of CHECKSUM_NAMES.entries()) {
      const lines = found.map(({ file, digests }) => {
        return `${hexOf(digests[i])}  ${file.absolutePath}\n`
      })
      const program = name === 'blake2b' ? 'b2sum' : `${name}sum`
      assert.equal(lines.join(''), execFileSync(program, paths, { encoding: 'utf8' }))
    }
  })
}

test('known checksums are recalled, and files are read for others only', async (t) => {
  const content = await cutContent(contentRequest(makeScratch(t, FILES)))
  const context = settledContext()
  const { now } = context.cacheAccess
  const cache = await openCache({ directory: makeScratch(t), now, warn: assert.ifError })
  t.after(() => cache.close())
  const cacheAccess = { ...context.cacheAccess, cache }
  const first = await obtainChecksums(content, ['sha256', 'md5'], { ...context, cacheAccess })
  assert.deepEqual(new Set(first.map(({ isSettled }) => isSettled)), new Set([true]))
  const again = await obtainChecksums(content, ['md5', 'sha256'], { ...context, cacheAccess })
  const known = first.map(({ file, digests: [sha256, md5] }) => {
    return [file.absolutePath, hexOf(md5), hexOf(sha256), 0, true]
  })
  for (const found of [again, recallChecksums(content, ['md5', 'sha256'], cacheAccess) ?? []]) {
    const facts = found.map(({ file, digests, bytesRead, isSettled }) => {
      return [file.absolutePath, ...digests.map(hexOf), bytesRead, isSettled]
    })
    assert.deepEqual(facts, known)
  }
  assert.equal(recallChecksums(content, ['sha256', 'sha1'], cacheAccess), null)
  const other = await obtainChecksums(content, ['sha1'], { ...context, cacheAccess })
  assert.deepEqual(
    other.map(({ bytesRead }) => bytesRead),
    other.map(({ file }) => file.fingerprint.size),
  )
})

test('checksums of files that changed a moment ago are not kept', async (t) => {
  const content = await cutContent(contentRequest(makeScratch(t, FILES)))
  const found = await obtainChecksums(content, ['sha256'], hashContext())
  assert.deepEqual(new Set(found.map(({ isSettled }) => isSettled)), new Set([false]))
})

for (const path of ['a/short.txt', 'large']) {
  test(`${path}: a file that changed since its scan has no checksum, nor has an abort`, async (t) => {
    const directory = makeScratch(t, { ...FILES, ...LARGE })
    const file = join(directory, path)
    const [all, own] = [directory, file].map((source) => cutContent(contentRequest(source)))
    const signal = AbortSignal.abort()
    const work = obtainChecksums(await own!, ['sha256'], hashContext({ signal }))
    await assert.rejects(work, { code: 'interrupted' })
    const content = await all!
    appendFileSync(file, 'more')
    await assert.rejects(obtainChecksums(content, ['sha256'], hashContext()), { code: 'changed' })
  })
}

for (const [name, parts] of [
  ['a.iso.sha256', { name: 'a.iso', checksum: 'sha256' }],
  ['a.md5', { name: 'a', checksum: 'md5' }],
  ['.a.b2', null],
  ['.sha256', null],
  ['sha256', null],
  ['a.toString', null],
] as const) {
  test(`${name} is ${parts ? 'the name of a list' : 'no name of a list'}`, () => {
    assert.deepEqual(parseListName(name), parts)
  })
}
