import assert from 'node:assert/strict'
import { mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { scanTree, walkTree } from '../../../src/disk/scan/scan-tree.js'
import { failure, unlessRoot } from '../failure.js'
import { plantTree, withMode } from '../temporary-directory.js'
import { DEFAULTS, scan } from './scan.js'
import { FileStore } from '../../../src/disk/file-lists/file-store.js'
import { ListingRoom } from '../../../src/disk/look/stat-files.js'
import { makeScratch, plantLinks } from '../../support/scratch.js'

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
  const root = makeScratch(t)
  mkdirSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xff)]))
  await assert.rejects(
    scanTree(root, DEFAULTS),
    failure('bad-name', `${root}/\\xff: the name is not valid UTF-8`),
  )
})

test('a root below a directory whose name is not UTF-8 is scanned', onlyLinux, async (t) => {
  const root = makeScratch(t)
  const odd = Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xff)])
  mkdirSync(Buffer.concat([odd, Buffer.from('/tree')]), { recursive: true })
  writeFileSync(Buffer.concat([odd, Buffer.from('/tree/a')]), '')
  symlinkSync(Buffer.concat([odd, Buffer.from('/tree')]), join(root, 'link'))
  const tree = await scanTree(join(root, 'link'), DEFAULTS)
  assert.deepEqual(
    Array.from(tree.files, (file) => file.absolutePath),
    [join(root, 'link', 'a')],
  )
})

test('an entry that vanishes during the scan fails it', async (t) => {
  // A plain file is looked at together with its directory's listing
  const root = plantTree(t, ['.target', 'b/d'])
  plantLinks(root, { a: '.target', 'b/c': '../.target' })
  const vanish = (path: string) => () => {
    const filter = {
      includes: () => true,
      excludes: (seen: string) => {
        if (seen === path) rmSync(join(root, path), { recursive: true })
        return false
      },
    }
    const links = { policy: 'inside' as const, realRoot: root }
    const rules = { options: { all: false }, links, filter }
    const walk = { root, ...rules, store: new FileStore(), room: new ListingRoom(), skipped: [] }
    return walkTree(walk, { path: root, stats: statSync(root, { bigint: true }) })
  }
  for (const path of ['a', 'b/c', 'b']) {
    const message = `${join(root, path)}: disappeared during the scan; try again`
    await assert.rejects(vanish(path), failure('changed', message))
  }
})

/** A mirror with links of every kind, beside a directory that is none of its business. */
function plantMirror(t: TestContext): string {
  const outer = plantTree(t, ['mirror/42/a.iso', 'mirror-old/b.iso'])
  const root = join(outer, 'mirror')
  plantLinks(root, { latest: '42', 'current.iso': '42/a.iso', old: '../mirror-old' })
  plantLinks(root, { 'old.iso': join(outer, 'mirror-old/b.iso'), broken: 'nowhere' })
  symlinkSync('42/a.iso/x', join(root, 'through-file'))
  return root
}

test('a file behind a link is named by its real path and has the fingerprint of it', async (t) => {
  const root = plantMirror(t)
  const { files } = await scanTree(root, DEFAULTS)
  for (const file of files) {
    assert.equal(file.absolutePath, join(root, '42/a.iso'))
    assert.deepEqual(file.fingerprint, files.at(0)?.fingerprint)
  }
})

test('a link out of the tree and back is inside, one through a link outside is not', async (t) => {
  const root = plantMirror(t)
  plantLinks(root, { 'and-back': '../mirror/42', via: 'old/b.iso' })
  const { files, skipped } = await scan(root)
  assert.ok(files.includes('and-back/a.iso'))
  assert.equal(skipped.via, 'link leads outside')
})

test('loops end: to itself, to each other, to a directory above and to the root', async (t) => {
  const root = plantTree(t, ['a/b/c'])
  plantLinks(root, { self: 'self', ping: 'pong', pong: 'ping', 'a/b/root': '../..' })
  plantLinks(root, { 'a/b/here': '../b', dot: '.' })
  for (const links of ['inside', 'follow'] as const) {
    assert.deepEqual(await scan(root, { links }), {
      files: ['a/b/c'],
      skipped: {
        self: 'link loop',
        ping: 'link loop',
        pong: 'link loop',
        dot: 'link loop',
        'a/b/root': 'link loop',
        'a/b/here': 'link loop',
      },
    })
  }
})

test('directories that link to each other are walked once each way', async (t) => {
  const root = plantTree(t, ['a/x', 'b/y'])
  plantLinks(root, { 'a/to-b': '../b', 'b/to-a': '../a' })
  assert.deepEqual(await scan(root), {
    files: ['a/to-b/y', 'a/x', 'b/to-a/x', 'b/y'],
    skipped: { 'a/to-b/to-a': 'link loop', 'b/to-a/to-b': 'link loop' },
  })
})

test('a link into what may not be entered leads outside', unlessRoot, async (t) => {
  const outer = plantTree(t, ['shut/file', 'root/a'])
  const root = join(outer, 'root')
  symlinkSync('../shut/file', join(root, 'link'))
  await withMode(join(outer, 'shut'), 0, async () => {
    assert.deepEqual((await scan(root)).skipped, { link: 'link leads outside' })
    const refused = failure('not-permitted', `${root}/link: permission denied`)
    await assert.rejects(scanTree(root, { ...DEFAULTS, links: 'follow' }), refused)
  })
})

/** Returns the attributes of each entry of a tree, without its fingerprint. */
async function attributes(root: string, options = {}) {
  const { files, skipped } = await scanTree(root, { ...DEFAULTS, ...options })
  const said = Array.from(files, ({ path, attributes, symlinkPath }) => {
    return [path.join('/'), attributes, ...(symlinkPath ? [symlinkPath.join('/')] : [])]
  })
  return { files: said, skipped: skipped.map(({ path, reason }) => `${path}: ${reason}`) }
}

test('a link to a skipped entry is left out as well', async (t) => {
  const root = plantTree(t, ['.hidden', 'a', 'd/Thumbs.db'])
  plantLinks(root, { l: '.hidden', m: 'd' })
  assert.deepEqual((await attributes(root, { links: 'store' })).skipped.slice(-2), [
    'l: link to a skipped entry',
    'm: link to a skipped entry',
  ])
})
