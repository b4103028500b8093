import assert from 'node:assert/strict'
import { mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { scanTree } from '../../../src/files/scan/scan-tree.js'
import { walkTree } from '../../../src/files/scan/walk-tree.js'
import { failure, unlessRoot } from '../failure.js'
import { DEFAULTS } from './scan.js'
import { makeTemporaryDirectory, plantTree, withMode } from '../temporary-directory.js'

const onlyLinux = { skip: process.platform !== 'linux' && 'file systems here take UTF-8 only' }

test('a directory that may be listed but not entered is an error too', unlessRoot, async (t) => {
  const root = plantTree(t, ['shut/b'])
  const shut = join(root, 'shut')
  await withMode(shut, 0o444, async () => {
    const refused = failure('not-permitted', `${join(shut, 'b')}: permission denied`)
    await assert.rejects(scanTree(root, DEFAULTS), refused)
  })
})

test('a skipped name that is not UTF-8 is reported with its bytes', onlyLinux, async (t) => {
  const root = plantTree(t, ['a'])
  writeFileSync(Buffer.concat([Buffer.from(`${root}/.b`), Buffer.of(0xe9)]), '')
  const { skipped } = await scanTree(root, DEFAULTS)
  assert.deepEqual(skipped, [{ path: '.b\\xe9', reason: 'hidden' }])
})

test('a directory whose name is not UTF-8 is an error', onlyLinux, async (t) => {
  const root = makeTemporaryDirectory(t)
  mkdirSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xff)]))
  await assert.rejects(
    scanTree(root, DEFAULTS),
    failure('bad-name', `${root}/\\xff: the name is not valid UTF-8`),
  )
})

test('a root below a directory whose name is not UTF-8 is scanned', onlyLinux, async (t) => {
  const root = makeTemporaryDirectory(t)
  const odd = Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xff)])
  mkdirSync(Buffer.concat([odd, Buffer.from('/tree')]), { recursive: true })
  writeFileSync(Buffer.concat([odd, Buffer.from('/tree/a')]), '')
  symlinkSync(Buffer.concat([odd, Buffer.from('/tree')]), join(root, 'link'))
  const tree = await scanTree(join(root, 'link'), DEFAULTS)
  assert.deepEqual(
    tree.files.map((file) => file.absolutePath),
    [join(root, 'link', 'a')],
  )
})

test('an entry that vanishes during the scan fails it', (t) => {
  const root = plantTree(t, ['a', 'b/c'])
  const vanish = (path: string) => () => {
    const filter = {
      includes: () => true,
      excludes: (seen: string) => {
        if (seen === path) rmSync(join(root, path), { recursive: true })
        return false
      },
    }
    const links = { policy: 'inside' as const, realRoot: root }
    const rules = { all: false, attributes: false, links, filter }
    const walk = { root, ...rules, files: [], skipped: [] }
    walkTree(walk, { path: root, stats: statSync(root, { bigint: true }) })
  }
  for (const path of ['a', 'b/c', 'b']) {
    const message = `${join(root, path)}: disappeared during the scan; try again`
    assert.throws(vanish(path), failure('changed', message))
  }
})
