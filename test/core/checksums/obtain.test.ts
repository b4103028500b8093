import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { obtainChecksums } from '../../../src/core/checksums/obtain.js'
import { planContent } from '../../../src/core/digests/content.js'
import { plantGolden } from '../golden-content.js'
import { contentRequest, hashContext } from '../requests.js'

test('checksums are those of md5sum and sha256sum', async (t) => {
  const root = plantGolden(t)
  const content = await planContent(contentRequest(root))
  const found = await obtainChecksums(content, ['md5', 'sha256'], hashContext())
  const told = found.map(({ digests }) => digests.map((each) => Buffer.from(each).toString('hex')))
  const paths = found.map(({ file }) => join(root, ...file.path))
  const sums = (program: string) => {
    const { stdout } = spawnSync(program, paths, { encoding: 'utf8' })
    return stdout.split('\n').map((line) => line.split(' ')[0])
  }
  const [md5, sha256] = [sums('md5sum'), sums('sha256sum')]
  assert.equal(found.length, 5)
  assert.deepEqual(
    told,
    paths.map((_, i) => [md5[i], sha256[i]]),
  )
})
