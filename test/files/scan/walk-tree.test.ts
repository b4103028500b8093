import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { scanTree } from '../../../src/files/scan/scan-tree.js'
import { makeTemporaryName } from '../../../src/files/temporary-name.js'
import { walkTree } from '../../../src/files/scan/walk-tree.js'
import { failure, unlessRoot, unlessWindows } from '../failure.js'
import { DEFAULTS, scan } from './scan.js'
import { makeTemporaryDirectory, plantTree, withMode } from '../temporary-directory.js'

const onlyLinux = { skip: process.platform !== 'linux' && 'file systems here take UTF-8 only' }

test('files are sorted component by component, by bytes', async (t) => {
  const sorted = ['Z', 'a/b', 'a/é', 'a b', 'a!/c', 'a.b', 'z', 'é', '\uFF5E', '\u{1F600}']
  const root = plantTree(t, [...sorted].reverse())
  assert.deepEqual((await scan(root)).files, sorted)
})

test('empty files, spaces, line breaks and quotes in names are nothing special', async (t) => {
  const names = [' ', 'a b', "it's", ...(process.platform === 'win32' ? [] : ['a\nb', '\\', '"'])]
  const root = makeTemporaryDirectory(t)
  for (const name of names) writeFileSync(join(root, name), '')
  const tree = await scanTree(root, DEFAULTS)
  assert.deepEqual(new Set(tree.files.map((file) => file.path[0])), new Set(names))
  assert.ok(tree.files.every((file) => file.fingerprint.size === 0))
})

test('two hundred levels are walked', async (t) => {
  const path = `${'d/'.repeat(200)}file`
  const { files } = await scan(plantTree(t, [path]))
  assert.deepEqual(files, [path])
})

test('hidden and system entries are skipped, a directory as one entry', async (t) => {
  const temporary = makeTemporaryName('x.torrent')
  const root = plantTree(t, ['.git/a', '.git/b', 'x/.a', 'x/core', 'CVS/a', 'x/b', temporary])
  assert.deepEqual(await scan(root), {
    files: ['x/b'],
    skipped: {
      '.git': 'hidden',
      'x/.a': 'hidden',
      'x/core': 'system',
      CVS: 'system',
      [temporary]: 'temporary file',
    },
  })
  assert.deepEqual(await scan(root, { all: true }), {
    files: ['.git/a', '.git/b', 'CVS/a', 'x/.a', 'x/b', 'x/core'],
    skipped: { [temporary]: 'temporary file' },
  })
})

test('sockets, pipes and links to devices are skipped', unlessWindows, async (t) => {
  const root = plantTree(t, ['a'])
  execFileSync('mkfifo', [join(root, 'pipe')])
  symlinkSync('/dev/null', join(root, 'null'))
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve))
  t.after(() => server.close())
  assert.deepEqual(await scan(root, { links: 'follow' }), {
    files: ['a'],
    skipped: {
      null: 'not a regular file',
      pipe: 'not a regular file',
      socket: 'not a regular file',
    },
  })
})

test('a directory that can not be read is an error that names it', unlessRoot, async (t) => {
  const root = plantTree(t, ['a', 'shut/b'])
  const shut = join(root, 'shut')
  await withMode(shut, 0, async () => {
    const refused = failure('not-permitted', `${shut}: permission denied`)
    await assert.rejects(scanTree(root, DEFAULTS), refused)
    await assert.rejects(scanTree(shut, DEFAULTS), refused)
    assert.deepEqual((await scan(root, { exclude: ['shut'] })).files, ['a'])
  })
})

test('a directory that may be listed but not entered is an error too', unlessRoot, async (t) => {
  const root = plantTree(t, ['shut/b'])
  const shut = join(root, 'shut')
  await withMode(shut, 0o444, async () => {
    const refused = failure('not-permitted', `${join(shut, 'b')}: permission denied`)
    await assert.rejects(scanTree(root, DEFAULTS), refused)
  })
})

test('a file that can not be read is found all the same', unlessWindows, async (t) => {
  const root = plantTree(t, ['a'])
  chmodSync(join(root, 'a'), 0)
  assert.deepEqual((await scan(root)).files, ['a'])
})

test('a name that is not UTF-8 is an error, unless it is left out', onlyLinux, async (t) => {
  const root = plantTree(t, ['a/b\uFFFD'])
  assert.deepEqual((await scan(root)).files, ['a/b\uFFFD'])
  writeFileSync(Buffer.concat([Buffer.from(`${root}/a/c`), Buffer.of(0xe9)]), '')
  await assert.rejects(
    scanTree(root, DEFAULTS),
    failure('bad-name', `${root}/a/c\\xe9: the name is not valid UTF-8`),
  )
  assert.deepEqual((await scan(root, { exclude: ['c*'] })).files, ['a/b\uFFFD'])
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
