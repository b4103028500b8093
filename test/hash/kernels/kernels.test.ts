import { test } from 'node:test'
import { availableKernels, KERNEL_NAMES } from '../../../src/hash/kernels/choose.js'
import { testKernel } from './kernel-suite.js'

const available = availableKernels()

for (const name of KERNEL_NAMES) {
  const kernel = available.find((candidate) => candidate.name === name)
  if (kernel) testKernel(kernel)
  else test(`${name}: digests`, { skip: `no ${name} kernel here` })
}
