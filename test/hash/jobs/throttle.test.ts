import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashStream } from '../../../src/hash/hash-stream.js'
import { createThrottle } from '../../../src/hash/jobs/throttle.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { hashOptions, TWINS } from '../hash-options.js'
import { plantStream } from '../plant-stream.js'

const MIB = 2 ** 20

for (const kernel of TWINS) {
  test(`${kernel}: a rate holds for all threads together, and changes no digest`, async (t) => {
    const { stream, contents } = plantStream(t, [3 * MIB], MIB)
    const started = performance.now()
    const throttle = createThrottle(5 * MIB)
    const { pieces: digests } = await hashStream(
      stream,
      hashOptions({ kernel, threads: 3, throttle }),
    )
    // The last turn is taken, not waited for
    const least = (3 * MIB - MIB / 4) / (5 * MIB)
    assert.ok(performance.now() - started >= least * 1000 - 20)
    assert.deepEqual(Buffer.from(digests), referenceDigests(contents, MIB))
  })

  test(`${kernel}: a slow run can be interrupted`, { timeout: 60_000 }, async (t) => {
    const { stream } = plantStream(t, [3 * MIB], MIB)
    const throttle = createThrottle(1024)
    const signal = AbortSignal.timeout(200)
    await assert.rejects(hashStream(stream, hashOptions({ kernel, throttle, signal })), {
      code: 'interrupted',
    })
  })
}
