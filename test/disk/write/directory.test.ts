import assert from 'node:assert/strict'
import { existsSync, lchownSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readExisting } from '../../../src/core/complete/decide/existing.js'
import { writeAtomically } from '../../../src/disk/write/atomically.js'
import { Directory, NeighboursBelow, OPEN_TO_ALL } from '../../../src/disk/write/directory.js'
import { checkEditable } from '../../../src/disk/write/permissions.js'
import { failure, onlyRoot } from '../failure.js'
import { makeScratch } from '../../support/scratch.js'

const onlyLinux = { skip: process.platform !== 'linux' && 'needs paths of open files' }

test('missing directories are created only if that is asked', (t) => {
  const root = makeScratch(t)
  assert.throws(() => Directory.below(root, ['a', 'b'], null), /a: no such file or directory/)
  const made = Directory.below(root, ['a', 'b'], OPEN_TO_ALL)
  t.after(() => {
    made.close()
  })
  assert.equal(made.path, join(root, 'a', 'b'))
  Directory.below(root, ['a', 'b'], null).close()
})

test('a link of another user is refused at each place below the root', onlyRoot, (t) => {
  const root = makeScratch(t, { 'elsewhere/sub/file': '' })
  mkdirSync(join(root, 'out', 'a'), { recursive: true })
  for (const name of ['out/first', 'out/a/second']) {
    const path = join(root, name)
    symlinkSync(join(root, 'elsewhere'), path)
    Directory.below(root, [...name.split('/'), 'sub'], null).close()
    lchownSync(path, 1, 1)
    for (const mode of [null, OPEN_TO_ALL])
      assert.throws(
        () => Directory.below(root, [...name.split('/'), 'sub', 'new'], mode),
        new RegExp(`^BtkitError: ${path}: is a link of user 1, who could`),
      )
  }
  assert.ok(!existsSync(join(root, 'elsewhere', 'sub', 'new')))
})

test('neighbours are opened, and made, as if each was alone', onlyRoot, (t) => {
  const root = makeScratch(t, { 'elsewhere/file': '', 'out/old/file': '' })
  const out = join(root, 'out')
  symlinkSync(join(root, 'elsewhere'), join(out, 'link'))
  lchownSync(join(out, 'link'), 1, 1)
  const neighbours = new NeighboursBelow(out)
  const open = (...names: string[]) => {
    const opened = neighbours.open(names, OPEN_TO_ALL)
    opened.close()
    return [opened.path, opened.isNew]
  }
  assert.deepEqual(open(), [out, false])
  assert.deepEqual(open('old'), [join(out, 'old'), false])
  assert.deepEqual(open('new'), [join(out, 'new'), true])
  for (const name of ['a', 'b'])
    assert.deepEqual(open('new', 'deep', name), [join(out, 'new', 'deep', name), true])
  assert.deepEqual(open('old'), [join(out, 'old'), false])
  for (const names of [['link'], ['link', 'sub']])
    assert.throws(() => open(...names), new RegExp(`^BtkitError: ${out}/link: is a link of user 1`))
  assert.throws(() => neighbours.open(['gone'], null), /gone: no such file or directory/)
  neighbours.close()
})

test('a link that takes the place of an open directory leads nobody', onlyLinux, async (t) => {
  const root = makeScratch(t, { 'elsewhere/file': '' })
  const opened = Directory.below(root, ['sub'], OPEN_TO_ALL)
  t.after(() => {
    opened.close()
  })
  renameSync(join(root, 'sub'), join(root, 'parked'))
  symlinkSync('elsewhere', join(root, 'sub'))
  writeFileSync(opened.at('plain'), '')
  await writeAtomically({ directory: opened, name: 'new' }, Buffer.from('new'), {})
  for (const name of ['plain', 'new']) {
    assert.ok(existsSync(join(root, 'parked', name)))
    assert.ok(!existsSync(join(root, 'elsewhere', name)))
  }
  writeFileSync(join(root, 'elsewhere', 'new'), 'of others')
  const read = readExisting({ directory: opened, name: 'new' })
  assert.equal(Buffer.from(read?.bytes ?? []).toString(), 'new')
  assert.equal(readExisting({ directory: opened, name: 'file' }), null)
})

test('messages and claims have the real path of a file in an open directory', async (t) => {
  const root = makeScratch(t, { 'real/there': 'text', 'real/sub/file': '' })
  for (const [to, name] of [
    ['real', 'link'],
    ['circle', 'real/circle'],
    ['there', 'real/alias'],
  ] as const)
    symlinkSync(to, join(root, name))
  const directory = Directory.below(join(root, 'link'), [], null)
  t.after(() => {
    directory.close()
  })
  const write = (name: string, options = {}) =>
    writeAtomically({ directory, name }, Buffer.from('new'), options)
  const taken = failure('exists', `${join(root, 'real', 'there')}: already exists`)
  await assert.rejects(write('there', { noClobber: true }), taken)
  for (const [name, why] of [
    ['sub', 'is a directory'],
    ['circle', 'too many symbolic links encountered'],
  ] as const) {
    const refused = failure('io', `${join(root, 'real', name)}: ${why}`)
    const place = { directory, name }
    await assert.rejects(write(name), refused)
    assert.throws(() => checkEditable(place), refused)
    assert.throws(() => readExisting(place), refused)
  }
  const claimed: string[] = []
  for (const name of ['there', 'alias'])
    await write(name, { claim: (path: string) => claimed.push(path) })
  assert.deepEqual(claimed, [join(root, 'real', 'there'), join(root, 'real', 'there')])
})
