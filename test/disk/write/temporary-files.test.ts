import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeAtomically } from '../../../src/disk/write/atomically.js'
import { Directory } from '../../../src/disk/write/directory.js'
import { makeTemporaryName } from '../../../src/disk/write/temporary-files.js'
import { makeScratch } from '../../support/scratch.js'

/** The temporary name of a process of this machine that has ended. */
function nameOfDead(): string {
  const { pid } = spawnSync(process.execPath, ['--version'])
  return makeTemporaryName('x').replace(`-${process.pid.toString(16)}-`, `-${pid.toString(16)}-`)
}

test('the files of killed runs go from each directory that is written to by its descriptor', async (t) => {
  const root = makeScratch(t)
  const paths = new Set<string>()
  for (const name of ['a', 'b', 'c']) {
    const held = Directory.below(root, [name], 0o777)
    writeFileSync(join(held.path, nameOfDead()), 'half a file')
    paths.add(held.at())
    await writeAtomically({ directory: held, name: 'file' }, Buffer.from('whole'), {})
    held.close()
    assert.deepEqual(readdirSync(held.path), ['file'])
  }
  if (process.platform === 'linux') assert.equal(paths.size, 1, 'a descriptor is given again')
})
