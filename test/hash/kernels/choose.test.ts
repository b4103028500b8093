import assert from 'node:assert/strict'
import { test } from 'node:test'
import { availableKernels, chooseKernel, KERNEL_NAMES } from '../../../src/hash/kernels/choose.js'
import { failure } from '../../files/failure.js'

test('node:crypto is there on every machine', () => {
  assert.ok(availableKernels().some(({ name }) => name === 'crypto'))
  assert.equal(chooseKernel('crypto').name, 'crypto')
})

test('without a wish the fastest that runs here is chosen', () => {
  assert.equal(chooseKernel().name, availableKernels()[0]?.name)
})

for (const name of KERNEL_NAMES) {
  const isHere = availableKernels().some((kernel) => kernel.name === name)

  test(`${name} is what you get when you ask for it`, { skip: !isHere && 'not here' }, () => {
    assert.equal(chooseKernel(name).name, name)
  })

  test(`${name}, where it can't run, is refused`, { skip: isHere && 'it runs here' }, () => {
    assert.throws(() => chooseKernel(name), { name: 'BtkitError', code: 'kernel' })
  })
}

test('a kernel that nobody has heard of is wrong usage, with the names that there are', () => {
  const message = "hash kernel 'md5': not one of avx512, shani, avx2, crypto"
  assert.throws(() => chooseKernel('md5'), failure('usage', message))
})
