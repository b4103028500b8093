import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { symlinkSync, renameSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { availableKernels } from '../../../../src/disk/hash/kernels.js'
import { concatenateFiles } from '../concatenate.js'
import { hashStream } from '../../../../src/disk/hash/hash-stream.js'
import { failure } from '../../failure.js'
import { makeScratch, plantHuge } from '../../../support/scratch.js'
import { hashOptions, TWINS } from '../hash-options.js'
import { plantStream } from '../plant-stream.js'

const MIB = 2 ** 20
const kernel = availableKernels().find(({ name }) => name !== 'crypto')?.name
const unlessNative = { skip: kernel === undefined && 'no kernel of the accelerator here' }

for (const twin of TWINS) {
  for (const [place, size] of [
    ['at once', 10],
    ['on threads', 40 * MIB],
  ] as const) {
    test(`${twin}, ${place}: a link that took the place of a file is not followed`, async (t) => {
      const { paths } = plantStream(t, [5, size, 5], MIB)
      const files = paths.map((path) => {
        const { dev, ino, size: length } = statSync(path, { bigint: true })
        return { path, length: Number(length), identity: { device: dev, inode: ino } }
      })
      const stream = concatenateFiles(files, MIB)
      await hashStream(stream, hashOptions({ kernel: twin, threads: 2 }))
      renameSync(paths[1]!, `${paths[1]!}.old`)
      symlinkSync(`${paths[1]!}.old`, paths[1]!)
      await assert.rejects(
        hashStream(stream, hashOptions({ kernel: twin, threads: 2 })),
        failure('changed', `${paths[1]!}: was replaced while it was read`),
      )
    })
  }
}

test('a process may exit while threads of the accelerator are at work', unlessNative, (t) => {
  const path = plantHuge(makeScratch(t), 'huge', 32 * 2 ** 30)
  const program = `
    import { hashStream } from '${new URL('../../../../src/disk/hash/hash-stream.js', import.meta.url).href}'
    import { chooseKernel } from '${new URL('../../../../src/disk/hash/kernels.js', import.meta.url).href}'
    import { concatenateFiles } from '${new URL('../concatenate.js', import.meta.url).href}'
    const file = { path: ${JSON.stringify(path)}, length: ${32 * 2 ** 30} }
    const stream = concatenateFiles([file], ${MIB})
    const { signal } = new AbortController()
    chooseKernel('${kernel ?? ''}')
    void hashStream(stream, { threads: 4, signal })
    setTimeout(() => process.exit(7), 50)
  `
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { encoding: 'utf8', timeout: 20_000 },
  )
  assert.deepEqual([status, stderr], [7, ''])
})
