import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  holdsNothing,
  listNames,
  openEntry,
  publishedNames,
} from '../../../src/files/scan/entry.js'
import { readFingerprint } from '../../../src/files/fingerprint.js'
import { findPeer } from '../../support/peers.js'
import { runProgram } from '../../support/executable.js'
import { failure, unlessWindows } from '../failure.js'
import { makeTemporaryDirectory, plantTree } from '../temporary-directory.js'

test('names are sorted by bytes, without those that are skipped', (t) => {
  const root = plantTree(t, ['b', 'B', 'é', 'z', '.hidden', 'CVS', 'a/x'])
  assert.deepEqual(publishedNames(listNames(root), false), ['B', 'a', 'b', 'z', 'é'])
  assert.deepEqual(publishedNames(listNames(root), true), [
    '.hidden',
    'B',
    'CVS',
    'a',
    'b',
    'z',
    'é',
  ])
})

test('a directory with nothing but hidden entries is empty', (t) => {
  assert.ok(holdsNothing(listNames(makeTemporaryDirectory(t))))
  assert.ok(holdsNothing(listNames(plantTree(t, ['.a', '.b/c']))))
  assert.ok(holdsNothing(listNames(plantTree(t, ['.a']))))
  assert.ok(!holdsNothing(listNames(plantTree(t, ['lost+found/x']))))
  assert.ok(!holdsNothing(listNames(plantTree(t, ['a']))))
})

test('what is no directory has no names', (t) => {
  const root = plantTree(t, ['a'])
  const [file, missing] = [join(root, 'a'), join(root, 'b')]
  assert.throws(() => listNames(file), failure('not-found', `${file}: not a directory`))
  const message = `${missing}: no such file or directory`
  assert.throws(() => listNames(missing), failure('not-found', message))
})

test('an entry is a file with its fingerprint, or a directory', (t) => {
  const root = plantTree(t, ['a', 'd/x'])
  const rules = { policy: 'inside' as const, realRoot: root }
  const absolutePath = join(root, 'a')
  const fingerprint = readFingerprint(absolutePath)
  assert.deepEqual(openEntry('a', rules), {
    kind: 'file',
    absolutePath,
    fingerprint,
    attributes: '',
  })
  assert.deepEqual(openEntry('d', rules), { kind: 'directory', absolutePath: join(root, 'd') })
})

test('a link is what it points to, as far as links are followed', unlessWindows, (t) => {
  const root = plantTree(t, ['a'])
  symlinkSync('a', join(root, 'link'))
  symlinkSync('/', join(root, 'outside'))
  symlinkSync('nowhere', join(root, 'broken'))
  const open = (name: string, policy: 'inside' | 'follow' | 'skip') => {
    const entry = openEntry(name, { policy, realRoot: root })
    return entry.kind === 'skipped' ? entry.reason : entry.absolutePath
  }
  assert.equal(open('link', 'inside'), join(root, 'a'))
  assert.equal(open('link', 'skip'), 'link')
  assert.equal(open('outside', 'inside'), 'link leads outside')
  assert.equal(open('outside', 'follow'), '/')
  assert.equal(open('broken', 'follow'), 'broken link')
})

test('a pipe is nothing to publish', { skip: findPeer('mkfifo') === null }, async (t) => {
  const root = makeTemporaryDirectory(t)
  await runProgram('mkfifo', [join(root, 'pipe')])
  const entry = openEntry('pipe', { policy: 'inside', realRoot: root })
  assert.deepEqual(entry, { kind: 'skipped', reason: 'not a regular file' })
})

test('a name that is no UTF-8 is an error that shows its bytes', unlessWindows, (t) => {
  const root = mkdtempSync(`${makeTemporaryDirectory(t)}/`)
  mkdirSync(Buffer.concat([Buffer.from(`${root}/d-`), Buffer.of(0xff)]))
  const [name = ''] = listNames(root)
  const message = `${root}/d-\\xff: the name is not valid UTF-8`
  const open = () => openEntry(name, { policy: 'inside', realRoot: root })
  assert.throws(open, failure('bad-name', message))
})

test('an entry that is gone is an error that names it', (t) => {
  const root = makeTemporaryDirectory(t)
  writeFileSync(join(root, 'x'), '')
  const message = `${root}/gone: no such file or directory`
  const open = () => openEntry('gone', { policy: 'inside', realRoot: root })
  assert.throws(open, failure('not-found', message))
})
