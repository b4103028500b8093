import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { FileColumns } from '../../../src/disk/file-lists/columns.js'
import { changesOf, nativeLook } from '../../../src/disk/scan/look-again.js'
import { padFile } from '../../../src/disk/file-lists/scanned-file.js'
import { scanTree } from '../../../src/disk/scan/scan-tree.js'
import { makeScratch } from '../../support/scratch.js'
import { DEFAULTS } from './scan.js'

/** Scans 3,000 files in three directories, and one file alone in a fourth. */
async function plantMany(t: TestContext) {
  const names = Array.from({ length: 3000 }, (_, i) => [`d${i % 3}/${i}`, `${i}`] as const)
  const root = makeScratch(t, { ...Object.fromEntries(names), 'e/alone': 'x', link: '' })
  rmSync(join(root, 'link'))
  symlinkSync('e/alone', join(root, 'link'))
  return { root, files: (await scanTree(root, { ...DEFAULTS, links: 'store' })).files }
}

const CHANGES: Record<string, (path: string) => void> = {
  'd0/0': (path) => {
    appendFileSync(path, 'x')
  },
  'd0/2997': (path) => {
    rmSync(path)
  },
  'd1/1': (path) => {
    writeFileSync(`${path}.new`, '1')
    renameSync(`${path}.new`, path)
  },
  'd2/2': (path) => {
    renameSync(path, `${path}.moved`)
    symlinkSync(`${path}.moved`, path)
  },
  'd2/5': (path) => {
    rmSync(path)
    mkdirSync(path)
  },
}

for (const [who, native] of Object.entries({ 'the native addon': nativeLook, JavaScript: null })) {
  const skip = who !== 'JavaScript' && native === null && 'the native addon is not built'

  test(`${who} finds each of many files that changed, and no other`, { skip }, async (t) => {
    const { root, files } = await plantMany(t)
    const found = async () =>
      Array.from(await changesOf(files, native), ({ number, change }) => {
        return [files.pathAt(number).join('/'), change]
      })
    assert.deepEqual(await found(), [])
    for (const [path, change] of Object.entries(CHANGES)) change(join(root, path))
    const expected = Object.keys(CHANGES).map((path) => {
      return [path, path === 'd0/2997' ? 'disappeared' : 'changed']
    })
    assert.deepEqual(await found(), expected)
    const picked = files.filter((i) => files.pathAt(i)[0] === 'd2')
    assert.equal([...(await changesOf(picked, native))].length, 2)
    // So few are looked at together with nothing else
    for (const [path, change] of expected) {
      const one = files.filter((i) => files.pathAt(i).join('/') === path)
      assert.deepEqual([...(await changesOf(one, native))], [{ number: 0, change }])
    }
  })

  test(`${who} finds a directory that became a file, and one that moved`, { skip }, async (t) => {
    const { root, files } = await plantMany(t)
    rmSync(join(root, 'd1'), { recursive: true })
    writeFileSync(join(root, 'd1'), '')
    renameSync(join(root, 'e'), join(root, 'f'))
    const changes = [...(await changesOf(files, native))]
    assert.equal(changes.length, 1001)
    assert.ok(changes.every(({ change }) => change === 'disappeared'))
  })

  test(`${who} accepts another inode number, and another ctime if mtime is trusted`, async (t) => {
    const { files } = await plantMany(t)
    let renumbered = 0
    const onRenumbered = () => renumbered++
    for (const [at, trust, changed] of [
      [24, 'full', 0],
      [16, 'full', files.length - 1],
      [16, 'mtime', 0],
    ] as const) {
      for (let row = 0; row < files.length; row++) files.store.states.bytes[40 * row + at]! ^= 1
      const changes = await changesOf(files, native, { trust, onRenumbered })
      assert.equal([...changes].length, changed)
    }
    assert.equal(renumbered, files.length - 1)
  })

  test(`${who} looks at no padding`, { skip }, async () => {
    assert.deepEqual([...(await changesOf(FileColumns.of([padFile(['p'], 5)]), native))], [])
    assert.deepEqual([...(await changesOf(FileColumns.of([]), native))], [])
  })
}
