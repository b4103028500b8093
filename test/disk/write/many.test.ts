import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { BtkitError } from '../../../src/base/errors.js'
import { encodeFingerprint, readFingerprint } from '../../../src/disk/file-lists/fingerprint.js'
import { writeAtomically, type WriteOptions } from '../../../src/disk/write/atomically.js'
import { Writer, type SyncFileSystem } from '../../../src/disk/write/many.js'
import { checkEditable } from '../../../src/disk/write/permissions.js'
import { loadNative } from '../../../src/base/native-addon.js'
import { findPeer, unlessInstalled } from '../../support/peers.js'
import { mountSmallDisk, unlessNoDisks } from '../../support/small-disk.js'
import { failure, unlessWindows } from '../failure.js'
import { makeScratch, plantLinks } from '../../support/scratch.js'
import { runProgram } from '../../support/programs.js'
import { openFilesBelow } from '../../support/when-open.js'

const syncing = (syncFileSystem?: SyncFileSystem | null) => (most: number) =>
  new Writer(most, syncFileSystem)

/** All ways to sync: the whole file system if it says, not if it does not, and each file. */
const SYNCS = [
  ['together', syncing()],
  ['where the file system does not say', syncing(() => Promise.resolve(-1))],
  ['each by itself', syncing(null)],
] as const

/** These, and one file that is written alone. */
const WAYS = [...SYNCS, ['alone', () => ({ write: writeAtomically })]] as const

const BYTES = Buffer.from('new content')

/** More than are synced one by one. */
const COUNT = 40

const unlessRoot = { skip: process.getuid?.() !== 0 && 'only root may give files away' }

/** For tests of access control lists. */
const unlessAcl = {
  skip:
    ['setfacl', 'getfacl'].some((name) => findPeer(name) === null) ||
    loadNative<{ copyAcl: unknown }>('copyAcl') === null,
}

for (const [what, open] of WAYS) {
  test(`a replaced file keeps its access control list, ${what}`, unlessAcl, async (t) => {
    const root = makeScratch(t)
    const paths = Array.from({ length: 40 }, (_, i) => join(root, `${i}`))
    for (const path of paths) writeFileSync(path, 'old', { mode: 0o600 })
    const listOf = (path: string) =>
      execFileSync('getfacl', ['-cnE', path], { encoding: 'utf8' }).trim().split('\n')
    const writer = open(40)
    const given = spawnSync('setfacl', ['-m', 'u:34567:r', ...paths])
    if (given.status !== 0) {
      t.skip('no access control lists here')
      return
    }
    await Promise.all(paths.map((path) => writer.write(path, BYTES, {})))
    const expected = ['user::rw-', 'user:34567:r--', 'group::---', 'mask::r--', 'other::---']
    for (const path of paths) assert.deepEqual(listOf(path), expected)
    // Exactly these bits, for everybody that they name
    await writer.write(paths[0]!, BYTES, { mode: 0o640 })
    assert.deepEqual(listOf(paths[0]!), ['user::rw-', 'group::r--', 'other::---'])
    // A copy gets no list, and gives the group no more than the list does
    assert.equal(checkEditable(paths[1]!).mode, 0o600)
  })

  test(`many files in several directories are written whole, and nothing else is left, ${what}`, async (t) => {
    const root = makeScratch(t)
    const names = Array.from({ length: 200 }, (_, i) => `${i % 3}/${i}`)
    for (const directory of ['0', '1', '2']) mkdirSync(join(root, directory))
    const writer = open(32)
    await Promise.all(names.map((name) => writer.write(join(root, name), Buffer.from(name), {})))
    for (const name of names) assert.equal(readFileSync(join(root, name), 'utf8'), name)
    const found = ['0', '1', '2'].flatMap((directory) => readdirSync(join(root, directory)))
    assert.equal(found.length, 200)
    assert.deepEqual(openFilesBelow(root), [])
  })

  test(`empty, small and large files of one batch are written whole, ${what}`, async (t) => {
    const root = makeScratch(t)
    const files = Array.from({ length: 40 }, (_, i) => {
      const bytes = Buffer.alloc([0, 1, 64 * 1024, 64 * 1024 + 1, 300_000][i % 5]!, i)
      return { path: join(root, `${i}`), bytes }
    })
    for (const { path } of files.slice(20)) writeFileSync(path, Buffer.alloc(100_000))
    const writer = open(40)
    await Promise.all(files.map(({ path, bytes }) => writer.write(path, bytes, {})))
    for (const { path, bytes } of files) assert.deepEqual(readFileSync(path), bytes)
  })

  test(`a write that fails says so, and the others are done, ${what}`, async (t) => {
    const root = makeScratch(t)
    const writer = open(2)
    const gone = join(root, 'gone', 'a')
    const writes = [gone, gone, gone, join(root, 'b')].map((path) =>
      writer.write(path, Buffer.from('x'), {}),
    )
    const ends = await Promise.allSettled(writes)
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected', 'fulfilled'],
    )
    const [first] = ends
    assert.ok(first?.status === 'rejected')
    failure('not-found', `${gone}: no such file or directory`)(first.reason)
    assert.deepEqual(readdirSync(root), ['b'])
  })

  test(
    `files get the modes that are asked for, or keep theirs, ${what}`,
    unlessWindows,
    async (t) => {
      const root = makeScratch(t)
      const names = ['new', 'kept', 'set', 'ours']
      for (const name of ['kept', 'set']) writeFileSync(join(root, name), 'old', { mode: 0o640 })
      const writer = open(8)
      const options: WriteOptions[] = [{}, {}, { mode: 0o604 }, { mode: 0o600 }]
      await Promise.all(names.map((name, i) => writer.write(join(root, name), BYTES, options[i]!)))
      const modes = names.map((name) => (statSync(join(root, name)).mode & 0o777).toString(8))
      writeFileSync(join(root, 'other'), '')
      const usual = (statSync(join(root, 'other')).mode & 0o777).toString(8)
      assert.deepEqual(modes, [usual, '640', '604', '600'])
    },
  )

  test(`a replaced file keeps its owner and mode, ${what}`, unlessRoot, async (t) => {
    const path = join(makeScratch(t, { a: 'old' }), 'a')
    chownSync(path, 1234, 4321)
    chmodSync(path, 0o640)
    await open(8).write(path, BYTES, {})
    const { uid, gid, mode } = statSync(path)
    assert.deepEqual([uid, gid, mode & 0o7777], [1234, 4321, 0o640])
  })

  test(`a file whose name is taken by a directory fails alone, and leaves no draft, ${what}`, async (t) => {
    const root = makeScratch(t)
    const paths = Array.from({ length: COUNT }, (_, i) => join(root, `${i}`))
    mkdirSync(paths[7]!)
    const writer = open(COUNT)
    const writes = paths.map((path) => writer.write(path, BYTES, {}))
    const ends = await Promise.allSettled(writes)
    const failed = ends.flatMap((end, i) => (end.status === 'rejected' ? [i] : []))
    assert.deepEqual([failed, readdirSync(root).length], [[7], COUNT])
    await assert.rejects(writes[7]!, failure('io', `${paths[7]}: is a directory`))
  })

  test(`links are followed and stay, pipes are written to, ${what}`, unlessWindows, async (t) => {
    const root = makeScratch(t)
    writeFileSync(join(root, 'a'), 'old')
    plantLinks(root, { link: 'a', dangling: 'yet to be' })
    const writer = open(8)
    const pipe = join(root, 'pipe')
    execFileSync('mkfifo', [pipe])
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
    const targets = [join(root, 'link'), join(root, 'dangling'), pipe]
    await Promise.all(targets.map((target) => writer.write(target, BYTES, {})))
    for (const name of ['a', 'yet to be']) assert.deepEqual(readFileSync(join(root, name)), BYTES)
    for (const name of ['link', 'dangling'])
      assert.ok(lstatSync(join(root, name)).isSymbolicLink(), name)
    assert.ok(readFileSync(reader).equals(BYTES) && lstatSync(pipe).isFIFO())
    closeSync(reader)
    assert.equal(readdirSync(root).length, 5)
  })

  test(`what must not be replaced stays, and nothing else is left, ${what}`, async (t) => {
    const root = makeScratch(t)
    for (const name of ['a', 'b', 'c']) writeFileSync(join(root, name), 'old')
    const pipe = join(root, 'pipe')
    execFileSync('mkfifo', [pipe])
    const refuse = () => {
      throw new BtkitError('changed', 'a: changed')
    }
    const writer = open(8)
    const ends = await Promise.allSettled([
      writer.write(join(root, 'a'), BYTES, { checkUntouched: refuse }),
      writer.write(join(root, 'b'), BYTES, { checkReplaceable: refuse }),
      writer.write(join(root, 'c'), BYTES, { noClobber: true }),
      writer.write(pipe, BYTES, { noClobber: true }),
      writer.write(join(root, 'd'), BYTES, { checkReplaceable: refuse, noClobber: true }),
    ])
    assert.deepEqual(
      ends.map((end) => (end.status === 'rejected' ? (end.reason as BtkitError).code : null)),
      ['changed', 'changed', 'exists', 'exists', null],
    )
    for (const name of ['a', 'b', 'c']) assert.equal(readFileSync(join(root, name), 'utf8'), 'old')
    assert.deepEqual(readdirSync(root), ['a', 'b', 'c', 'd', 'pipe'])
  })

  test(`a disk that fills up leaves old files or new ones, ${what}`, unlessNoDisks, async (t) => {
    const disk = mountSmallDisk(t, 1)!
    const names = Array.from({ length: 64 }, (_, i) => `${i}`)
    for (const name of names) writeFileSync(join(disk, name), 'old')
    const content = Buffer.alloc(32 * 1024, 'x')
    const writer = open(64)
    const writes = names.map((name) => writer.write(join(disk, name), content, {}))
    const ends = await Promise.allSettled(writes)
    const failed = ends.filter((end) => end.status === 'rejected')
    assert.ok(failed.length > 0 && failed.length < names.length, `${failed.length} failed`)
    for (const { reason } of failed)
      assert.match((reason as BtkitError).message, /^\S+: no space left on device$/)
    for (const [i, name] of names.entries()) {
      const bytes = readFileSync(join(disk, name))
      assert.ok(
        ends[i]!.status === 'fulfilled' ? bytes.equals(content) : bytes.equals(Buffer.from('old')),
      )
    }
    assert.equal(readdirSync(disk).length, names.length)
  })
}

for (const [what, open] of SYNCS) {
  test(`no more are in flight than allowed, and those that wait keep their order, ${what}`, async (t) => {
    const root = makeScratch(t)
    const writer = open(1)
    const done: number[] = []
    const writes = [0, 1, 2, 3].map(async (i) => {
      await writer.write(join(root, 'same'), Buffer.from(String(i)), {})
      done.push(i)
    })
    await Promise.all(writes)
    assert.deepEqual(done, [0, 1, 2, 3])
    assert.equal(readFileSync(join(root, 'same'), 'utf8'), '3')
  })

  test(`closing waits for all, failed ones too, ${what}`, async (t) => {
    const root = makeScratch(t)
    const writer = open(2)
    let count = 0
    for (let i = 0; i < 20; i++) {
      const path = join(root, i % 5 === 0 ? `gone/${i}` : `${i}`)
      writer.write(path, Buffer.from('x'), {}).then(
        () => count++,
        () => count++,
      )
    }
    await writer.close()
    await Promise.resolve()
    assert.equal(count, 20)
    await open(1).close()
  })
}

test('a file that is written again keeps the mode it just got', async (t) => {
  const root = makeScratch(t)
  writeFileSync(join(root, 'a'), 'old', { mode: 0o644 })
  const writer = new Writer(8)
  const write = (text: string, options: WriteOptions) =>
    writer.write(join(root, 'a'), Buffer.from(text), options)
  await Promise.all([write('first', { mode: 0o604 }), write('second', {})])
  assert.equal(readFileSync(join(root, 'a'), 'utf8'), 'second')
  assert.equal(statSync(join(root, 'a')).mode & 0o777, 0o604)
})

test('files that the disk refuses in the end keep what they held', async (t) => {
  const root = makeScratch(t)
  const paths = Array.from({ length: COUNT }, (_, i) => join(root, `${i}`))
  for (const path of paths) writeFileSync(path, 'old')
  // EIO, as syncfs reports if the write of any file failed
  const writer = new Writer(COUNT, () => Promise.resolve(5))
  const ends = await Promise.allSettled(paths.map((path) => writer.write(path, BYTES, {})))
  for (const [i, path] of paths.entries()) {
    const end = ends[i]
    assert.ok(end?.status === 'rejected')
    failure('io', `${path}: i/o error`)(end.reason)
    assert.equal(readFileSync(path, 'utf8'), 'old')
  }
  assert.equal(readdirSync(root).length, COUNT)
})

test('all drafts are on the disk before the first takes its place, and its look is told', async (t) => {
  const root = makeScratch(t)
  const paths = Array.from({ length: COUNT }, (_, i) => join(root, `${i}`))
  const seen: number[] = []
  const syncFileSystem = () => {
    const names = readdirSync(root)
    seen.push(names.length, names.filter((name) => name.startsWith('.')).length)
    return Promise.resolve(0)
  }
  const writer = new Writer(COUNT, syncFileSystem)
  const looks = await Promise.all(paths.map((path) => writer.write(path, BYTES, {})))
  assert.deepEqual(seen, [COUNT, COUNT])
  for (const [i, path] of paths.entries())
    assert.deepEqual(looks[i], encodeFingerprint(readFingerprint(path)))
})

test('the new names in many directories need one sync of their file system', async (t) => {
  const root = makeScratch(t)
  const paths = Array.from({ length: 40 }, (_, i) => join(root, `${i}`, 'file'))
  for (const path of paths) mkdirSync(dirname(path))
  const there: number[] = []
  // Before the files have their places, and after that
  const syncFileSystem = () => {
    there.push(paths.filter((path) => existsSync(path)).length)
    return Promise.resolve(there.length < 3 ? 0 : 5)
  }
  const writeAll = (writer: Writer) => paths.map((path) => writer.write(path, BYTES, {}))
  await Promise.all(writeAll(new Writer(40, syncFileSystem)))
  assert.deepEqual(there, [0, 40])
  assert.deepEqual(openFilesBelow(root), [])
  // No file counts as written if its name may be lost
  const ends = await Promise.allSettled(writeAll(new Writer(40, syncFileSystem)))
  assert.ok(ends.every(({ status }) => status === 'rejected'))
})

test(
  'a file is on the disk before it has its name, and its name before that is told',
  unlessInstalled('strace'),
  async (t) => {
    const root = makeScratch(t)
    const [files, log] = [join(root, 'files'), join(root, 'log')]
    mkdirSync(files)
    const from = (name: string) =>
      JSON.stringify(new URL(`../../../src/disk/write/${name}.js`, import.meta.url).href)
    const names = ['small', 'large', ...Array.from({ length: 20 }, (_, i) => `${i}`)]
    const code = `
    import { writeAtomically } from ${from('atomically')}
    import { Writer } from ${from('many')}
    const write = (by, name) =>
      by(${JSON.stringify(files)} + '/' + name, Buffer.alloc(name === 'large' ? 1e6 : 10), {})
    await write(writeAtomically, 'alone')
    console.log()
    const writer = new Writer(32, () => Promise.resolve(-1))
    await Promise.all(${JSON.stringify(names)}.map((name) => write(writer.write.bind(writer), name)))`
    const node = [process.execPath, '--input-type=module', '--eval', code]
    const calls = 'trace=fsync,/^rename'
    const { status } = await runProgram('strace', ['-f', '-y', '-o', log, '-e', calls, ...node])
    assert.equal(status, 0)
    const synced = Array.from(
      readFileSync(log, 'utf8').matchAll(/fsync\(\d+<(.*?)>|rename.*, "(.*)"/g),
      ([, path, name]) => name ?? path?.replace(/\.(\w+)\..*/, '$1 is on the disk'),
    )
    const both = (name: string) => [`${name} is on the disk`, name].map((each) => join(files, each))
    assert.deepEqual(synced.slice(0, 3), [...both('alone'), files])
    // One after the other, and then all their names
    assert.deepEqual(synced.slice(3), [...names.flatMap(both), files])
  },
)
