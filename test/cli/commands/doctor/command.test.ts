import assert from 'node:assert/strict'
import { test } from 'node:test'
import { availableKernels } from '../../../../src/hash/kernels/choose.js'
import { runBtkit } from '../../../support/run-btkit.js'

test('doctor names the hash kernel in use, and the speed of each that runs here', async () => {
  const { status, stdout, stderr } = await runBtkit(['doctor'])
  assert.deepEqual([status, stderr], [0, ''])
  const kernels = availableKernels().map(({ name }) => name)
  assert.match(stdout, new RegExp(`^hash kernel: ${kernels[0]!} `, 'm'))
  for (const name of kernels) {
    assert.match(stdout, new RegExp(`^ +${name} +SHA-1 [\\d.]+ [MG]iB/s`, 'm'))
  }
})

test('doctor shows that BTKIT_HASH is obeyed', async () => {
  const { stdout } = await runBtkit(['doctor'], { env: { BTKIT_HASH: 'crypto' } })
  assert.match(stdout, /^hash kernel: crypto \(BTKIT_HASH asks for it\)$/m)
})
