import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { BtkitError } from '../../../src/base/errors.js'
import { scanTree } from '../../../src/disk/scan/scan-tree.js'
import { failure } from '../failure.js'
import { plantTree } from '../temporary-directory.js'
import { DEFAULTS, scan } from './scan.js'
import { plantLinks } from '../../support/scratch.js'

test('a root that is a link is followed under every policy, and keeps its name', async (t) => {
  const directory = plantTree(t, ['42/a', 'file'])
  plantLinks(directory, { latest: '42', current: 'file' })
  for (const links of ['inside', 'follow', 'skip'] as const) {
    const tree = await scanTree(join(directory, 'latest'), { ...DEFAULTS, links })
    assert.equal(tree.root, join(directory, 'latest'))
    assert.deepEqual(
      Array.from(tree.files, (file) => file.absolutePath),
      [join(directory, '42', 'a')],
    )
    const { files } = await scanTree(join(directory, 'current'), { ...DEFAULTS, links })
    assert.equal(files.at(0)?.absolutePath, join(directory, 'file'))
  }
})

test('a bad pattern is told before the root is looked at', async () => {
  await assert.rejects(
    scanTree('/no/such', { ...DEFAULTS, exclude: [''] }),
    (error) => error instanceof BtkitError && error.code === 'usage',
  )
})

const LEFT_BY_SYSTEMS = [
  [
    'Windows',
    'THUMBS.DB',
    'ehthumbs.db',
    'Desktop.INI',
    '$Recycle.Bin',
    'System Volume Information',
  ],
  ['macOS', '.ds_store', 'Icon\r', '__MACOSX', '.Trashes', 'Temporary Items'],
  ['Synology', '@eaDir', '#recycle', '#snapshot', '@tmp'],
  ['QNAP', '@Recycle', '@Recently-Snapshot', '@Transcode', '.@__thumb'],
  ['file systems', '.zfs', '.snapshot', '.snapshots', '~snapshot', 'lost+found'],
]

for (const [system, ...names] of LEFT_BY_SYSTEMS) {
  test(`${system}: nothing that it leaves in directories is content`, async (t) => {
    const root = plantTree(t, ['a', ...names.map((name) => `d/${name}/x`)])
    const { files, skipped } = await scan(root)
    assert.deepEqual(files, ['a'])
    assert.deepEqual(Object.keys(skipped).sort(), names.map((name) => `d/${name}`).sort())
    const all = await scan(root, { all: true })
    assert.equal(all.files.length, 1 + names.length)
  })
}

test('names that only resemble those of systems are content', async (t) => {
  const names = ['#recycled', 'recycle', 'Icon', 'eaDir', 'thumbs', 'tmp', 'snapshot', 'a#recycle']
  const root = plantTree(t, names)
  assert.deepEqual((await scan(root)).files, names.sort())
})

test('a name that is chosen is taken even if it is hidden', async (t) => {
  const root = plantTree(t, ['.a', '.d/Thumbs.db', '.d/x'])
  assert.deepEqual(await scan(root, { chosen: ['.d/Thumbs.db', '.a', '.d'] }), {
    files: ['.d/Thumbs.db', '.a', '.d/x'],
    skipped: {},
  })
})

test('what is excluded stays out, and is told', async (t) => {
  const root = plantTree(t, ['a.tmp', 'd/x', 'e'])
  assert.deepEqual(await scan(root, { chosen: ['a.tmp', 'd/x', 'e'], exclude: ['*.tmp', 'd/'] }), {
    files: ['e'],
    skipped: { 'a.tmp': 'excluded', d: 'excluded' },
  })
})

test('a path that leads out of the directory is refused, and a link that does is left out', async (t) => {
  const outer = plantTree(t, ['in/a', 'out/b'])
  const root = join(outer, 'in')
  symlinkSync('../out', join(root, 'link'))
  for (const path of ['../out/b', 'a/../../out/b', join(outer, 'out/b')]) {
    const expected = failure('unsafe-path', `${path}: is not below ${root}`)
    await assert.rejects(scanTree(root, { ...DEFAULTS, chosen: [path] }), expected)
  }
  assert.deepEqual((await scan(root, { chosen: ['link/b', 'a'] })).skipped, {
    link: 'link leads outside',
  })
})

test('scans at once each list their own files', async (t) => {
  const filesOf = (name: string) => [0, 1, 2, 3, 4].map((i) => `${name}${i}`)
  const names = ['a', 'b', 'c', 'd']
  const root = plantTree(
    t,
    names.flatMap((name) => filesOf(name).map((file) => `${name}/${file}`)),
  )
  for (const choice of [{}, { exclude: ['*.tmp'] }, { chosen: ['.'] }]) {
    const found = await Promise.all(names.map((name) => scan(join(root, name), choice)))
    assert.deepEqual(
      found.map(({ files }) => files),
      names.map(filesOf),
    )
  }
})
