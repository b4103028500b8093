import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatenateFiles, ZEROS } from '../../../src/hash/stream/content-stream.js'
import { hashStream } from '../../../src/hash/hash-stream.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { hashOptions, TWINS } from '../hash-options.js'
import { plantStream } from '../plant-stream.js'

for (const kernel of TWINS) {
  test(`${kernel}: where no file is, zeros are`, async (t) => {
    const { paths, contents } = plantStream(t, [100, 20_000], 16384)
    const files = [
      { path: paths[0]!, length: 100 },
      { path: ZEROS, length: 16284 },
      { path: paths[1]!, length: 20_000 },
      { path: ZEROS, length: 40_000 },
    ]
    const joined = [contents[0]!, Buffer.alloc(16284), contents[1]!, Buffer.alloc(40_000)]
    const { pieces: digests } = await hashStream(
      concatenateFiles(files, 16384),
      hashOptions({ kernel }),
    )
    assert.deepEqual(Buffer.from(digests), referenceDigests(joined, 16384))
  })
}
