import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { LocalClaims } from '../../src/fleet/local-claims.js'
import { nativeAddon } from '../../src/native-addon.js'
import { makeScratch } from '../support/scratch.js'
import { testClaims } from './claims-suite.js'

const skip = !('lockByte' in nativeAddon()) && 'the addon is not built'
const source = new URL('../../src/fleet/local-claims.js', import.meta.url).href

testClaims((t) => {
  const path = join(makeScratch(t), 'claims')
  const opened: LocalClaims[] = []
  t.after(() => Promise.all(opened.map((claims) => claims.close())))
  return {
    open: () => {
      const claims = new LocalClaims(path)
      opened.push(claims)
      return claims
    },
    module: `import { LocalClaims } from '${source}'
      const claims = new LocalClaims(${JSON.stringify(path)})`,
  }
}, skip)

test('without a first claim no file is created, and then an empty one', { skip }, async (t) => {
  const directory = makeScratch(t)
  const claims = new LocalClaims(join(directory, 'claims'))
  assert.deepEqual(readdirSync(directory), [])
  await claims.claim(['a'])
  await claims.close()
  assert.equal(statSync(join(directory, 'claims')).size, 0)
})

test('where no file can be created, everything counts as held', async (t) => {
  const claims = new LocalClaims(join(makeScratch(t), 'missing', 'claims'))
  assert.equal(await claims.claim(['a']), 'held')
  await claims.release(['a'])
  await claims.close()
})
