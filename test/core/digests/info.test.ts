import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { planContent } from '../../../src/core/digests/content.js'
import { obtainInfo } from '../../../src/core/digests/info.js'
import { makeScratch } from '../../support/scratch.js'
import { contentRequest, hashContext } from '../requests.js'

test('the info of a single file takes no digest of all that it is made from', async (t) => {
  const source = join(makeScratch(t, { 'a.iso': 'hello' }), 'a.iso')
  const request = {
    content: await planContent(contentRequest(source)),
    options: { private: false, sourceTag: null },
    get input(): Uint8Array {
      throw new Error('64 KiB of memory, and a hash, for each of many tiny files')
    },
  }
  const { bytesHashed } = await obtainInfo(request, hashContext())
  assert.equal(bytesHashed, 5)
})
