import assert from 'node:assert/strict'
import { appendFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { planContent } from '../../../src/core/digests/content.js'
import { hashContent } from '../../../src/core/digests/hash-content.js'
import { failure } from '../../files/failure.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { makeScratch, plantSparse } from '../../support/scratch.js'
import { contentRequest, hashContext } from '../requests.js'

const MIB = 2 ** 20

test('the digests are those of the files in their order', async (t) => {
  const [a, b] = [pseudoRandom(300_000, 1), pseudoRandom(5, 2)]
  const source = makeScratch(t, { a, b, empty: '' })
  const content = await planContent(contentRequest(source))
  const { digests: pieces } = await hashContent(content, hashContext())
  assert.deepEqual(Buffer.from(pieces), referenceDigests([a, b], content.pieceLength))
})

async function planOf(t: TestContext) {
  const source = makeScratch(t, { a: 'first', b: 'second' })
  return { source, path: join(source, 'b'), content: await planContent(contentRequest(source)) }
}

/** Changes of a file between the scan and the end of hashing. */
const CHANGES: Record<string, (path: string) => void> = {
  'has grown': (path) => {
    appendFileSync(path, 'x')
  },
  'was rewritten with as many bytes': (path) => {
    writeFileSync(path, 'SECOND')
  },
  'was rewritten and given its old time again': (path) => {
    const { atime, mtime } = statSync(path)
    writeFileSync(path, 'SECOND')
    utimesSync(path, atime, mtime)
  },
  'was replaced': (path) => {
    writeFileSync(`${path}.new`, 'second')
    renameSync(`${path}.new`, path)
  },
}

for (const [what, change] of Object.entries(CHANGES)) {
  test(`a file that ${what} since it was looked at is named`, async (t) => {
    const { content, path } = await planOf(t)
    change(path)
    const message = `${path}: changed while it was read`
    await assert.rejects(hashContent(content, hashContext()), failure('changed', message))
  })
}

test('an empty file that got content is noticed', async (t) => {
  const source = makeScratch(t, { a: '1', empty: '' })
  const content = await planContent(contentRequest(source))
  writeFileSync(join(source, 'empty'), 'x')
  const message = `${join(source, 'empty')}: changed while it was read`
  await assert.rejects(hashContent(content, hashContext()), failure('changed', message))
})

test('a file that is cut short since it was looked at is named', async (t) => {
  const { content, path } = await planOf(t)
  writeFileSync(path, 'x')
  const message = `${path}: became shorter while it was read`
  await assert.rejects(hashContent(content, hashContext()), failure('changed', message))
})

async function planLarge(t: TestContext) {
  const path = plantSparse(makeScratch(t), 'large', 512 * MIB)
  return { path, content: await planContent(contentRequest(path, { pieceLength: MIB })) }
}

test('a file that changes after its bytes were read is noticed', async (t) => {
  const { path, content } = await planLarge(t)
  const onProgress = () => {
    utimesSync(path, 1, 1)
  }
  const message = `${path}: changed while it was read`
  const hashing = hashContent(content, hashContext({ onProgress }))
  await assert.rejects(hashing, failure('changed', message))
})

test('a file that is deleted while it is read is named', async (t) => {
  const { path, content } = await planLarge(t)
  const onProgress = () => {
    rmSync(path, { force: true })
  }
  const hashing = hashContent(content, hashContext({ onProgress }))
  await assert.rejects(hashing, (error: Error) => {
    assert.equal(error.name, 'BtkitError', error.message)
    assert.ok(error.message.startsWith(`${path}: `), error.message)
    return true
  })
})
