import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { obtainChecksums } from '../../../src/core/checksums/obtain.js'
import { planContent } from '../../../src/core/digests/content.js'
import { makeScratch } from '../../support/scratch.js'
import { FILES } from '../golden-content.js'
import { contentRequest, hashContext } from '../requests.js'

test('checksums are those of sha256sum', async (t) => {
  const content = await planContent(contentRequest(makeScratch(t, FILES)))
  const found = await obtainChecksums(content, ['sha256'], hashContext())
  const lines = found.map(({ file, digests }) => {
    return `${Buffer.concat(digests).toString('hex')}  ${file.absolutePath}\n`
  })
  const paths = found.map(({ file }) => file.absolutePath)
  assert.equal(lines.join(''), execFileSync('sha256sum', paths, { encoding: 'utf8' }))
})
