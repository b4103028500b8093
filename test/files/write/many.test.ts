import assert from 'node:assert/strict'
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, relative } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { BtkitError } from '../../../src/errors.js'
import type { WriteOptions } from '../../../src/files/write/atomically.js'
import { batchAddon, type BatchAddon } from '../../../src/files/write/batch.js'
import { createWriter } from '../../../src/files/write/many.js'
import { mountSmallDisk, unlessNoDisks } from '../../support/small-disk.js'
import { failure, unlessWindows } from '../failure.js'
import { makeTemporaryDirectory } from '../temporary-directory.js'

/** Both ways to write: many at once by the addon, where it is built, and each by itself. */
const WAYS = [
  ['in batches', batchAddon],
  ['each by itself', null],
] as const

const BYTES = Buffer.from('new content')

for (const [what, addon] of WAYS) {
  test(`many files in several directories are written whole, and nothing else is left, ${what}`, async (t) => {
    const root = makeTemporaryDirectory(t)
    const names = Array.from({ length: 200 }, (_, i) => `${i % 3}/${i}`)
    for (const directory of ['0', '1', '2']) mkdirSync(join(root, directory))
    const writer = createWriter({ inFlight: 8, addon })
    await Promise.all(names.map((name) => writer.write(join(root, name), Buffer.from(name), {})))
    for (const name of names) assert.equal(readFileSync(join(root, name), 'utf8'), name)
    const found = ['0', '1', '2'].flatMap((directory) => readdirSync(join(root, directory)))
    assert.equal(found.length, 200)
  })

  test(`no more are in flight than allowed, and those that wait keep their order, ${what}`, async (t) => {
    const root = makeTemporaryDirectory(t)
    const writer = createWriter({ inFlight: 1, addon })
    const done: number[] = []
    const writes = [0, 1, 2, 3].map(async (i) => {
      await writer.write(join(root, 'same'), Buffer.from(String(i)), {})
      done.push(i)
    })
    await Promise.all(writes)
    assert.deepEqual(done, [0, 1, 2, 3])
    assert.equal(readFileSync(join(root, 'same'), 'utf8'), '3')
  })

  test(`a write that fails says so, and the others are done, ${what}`, async (t) => {
    const root = makeTemporaryDirectory(t)
    const writer = createWriter({ inFlight: 2, addon })
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

  test(`closing waits for all, failed ones too, ${what}`, async (t) => {
    const root = makeTemporaryDirectory(t)
    const writer = createWriter({ inFlight: 2, addon })
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
    await createWriter({ inFlight: 1, addon }).close()
  })

  test(
    `files get the modes that are asked for, or keep theirs, ${what}`,
    unlessWindows,
    async (t) => {
      const root = makeTemporaryDirectory(t)
      const names = ['new', 'kept', 'set', 'ours']
      for (const name of ['kept', 'set']) writeFileSync(join(root, name), 'old', { mode: 0o640 })
      const writer = createWriter({ inFlight: 8, addon })
      const owner = { uid: process.getuid!(), gid: process.getgid!() }
      const options: WriteOptions[] = [{}, {}, { mode: 0o604 }, { mode: 0o600, owner }]
      await Promise.all(names.map((name, i) => writer.write(join(root, name), BYTES, options[i]!)))
      const modes = names.map((name) => (statSync(join(root, name)).mode & 0o777).toString(8))
      writeFileSync(join(root, 'other'), '')
      const usual = (statSync(join(root, 'other')).mode & 0o777).toString(8)
      assert.deepEqual(modes, [usual, '640', '604', '600'])
    },
  )

  test(`links are followed and stay, pipes are written to, ${what}`, unlessWindows, async (t) => {
    const root = makeTemporaryDirectory(t)
    writeFileSync(join(root, 'a'), 'old')
    symlinkSync('a', join(root, 'link'))
    symlinkSync('yet to be', join(root, 'dangling'))
    const writer = createWriter({ inFlight: 8, addon })
    const targets = [join(root, 'link'), join(root, 'dangling'), '/dev/null']
    await Promise.all(targets.map((target) => writer.write(target, BYTES, {})))
    for (const name of ['a', 'yet to be']) assert.deepEqual(readFileSync(join(root, name)), BYTES)
    for (const name of ['link', 'dangling'])
      assert.ok(lstatSync(join(root, name)).isSymbolicLink(), name)
    assert.equal(readdirSync(root).length, 4)
  })

  test(`a path from where one is names the file there, ${what}`, async (t) => {
    const root = makeTemporaryDirectory(t)
    const target = join(relative('', root), 'a')
    await createWriter({ inFlight: 8, addon }).write(target, BYTES, {})
    assert.deepEqual(readFileSync(join(root, 'a')), BYTES)
  })

  test(`what must not be replaced stays, and nothing else is left, ${what}`, async (t) => {
    const root = makeTemporaryDirectory(t)
    for (const name of ['a', 'b', 'c']) writeFileSync(join(root, name), 'old')
    const refuse = () => {
      throw new BtkitError('changed', 'a: changed')
    }
    const writer = createWriter({ inFlight: 8, addon })
    const ends = await Promise.allSettled([
      writer.write(join(root, 'a'), BYTES, { checkUntouched: refuse }),
      writer.write(join(root, 'b'), BYTES, { checkReplaceable: refuse }),
      writer.write(join(root, 'c'), BYTES, { noClobber: true }),
      writer.write(join(root, 'd'), BYTES, { checkReplaceable: refuse, noClobber: true }),
    ])
    assert.deepEqual(
      ends.map((end) => (end.status === 'rejected' ? (end.reason as BtkitError).code : null)),
      ['changed', 'changed', 'exists', null],
    )
    for (const name of ['a', 'b', 'c']) assert.equal(readFileSync(join(root, name), 'utf8'), 'old')
    assert.deepEqual(readdirSync(root), ['a', 'b', 'c', 'd'])
  })

  test(`a disk that fills up leaves old files or new ones, ${what}`, unlessNoDisks, async (t) => {
    const disk = mountSmallDisk(t, 1)!
    const names = Array.from({ length: 64 }, (_, i) => `${i}`)
    for (const name of names) writeFileSync(join(disk, name), 'old')
    const content = Buffer.alloc(32 * 1024, 'x')
    const writer = createWriter({ inFlight: 64, addon })
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

const unlessBuilt = { skip: batchAddon === null && 'the addon is not built' }

test(
  'while files take their places the next are brought to the disk, and take theirs after them',
  unlessBuilt,
  async (t) => {
    const root = makeTemporaryDirectory(t)
    const steps: string[] = []
    let drafted = 0
    let release: (value?: unknown) => void = () => undefined
    const areNextDrafted = new Promise((resolve) => {
      release = resolve
    })
    const addon: BatchAddon = {
      ...batchAddon!,
      writeDrafts: async (...parts) => {
        const answers = await batchAddon!.writeDrafts(...parts)
        steps.push(`drafted ${++drafted}`)
        if (drafted === 2) release()
        return answers
      },
      // Never ends if the next ones wait for it
      placeFiles: async (...parts) => {
        if (drafted === 1) await areNextDrafted
        const answers = await batchAddon!.placeFiles(...parts)
        steps.push(`placed ${parts[2].map((path) => basename(path)).join()}`)
        return answers
      },
    }
    const writer = createWriter({ inFlight: 2, addon })
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => writer.write(join(root, name), Buffer.from(name), {})),
    )
    assert.deepEqual(steps, ['drafted 1', 'drafted 2', 'placed a,b', 'placed c,d'])
    for (const name of ['a', 'b', 'c', 'd'])
      assert.equal(readFileSync(join(root, name), 'utf8'), name)
  },
)

test('a file that is written again keeps the mode it just got', unlessBuilt, async (t) => {
  const root = makeTemporaryDirectory(t)
  writeFileSync(join(root, 'a'), 'old', { mode: 0o644 })
  const writer = createWriter({ inFlight: 8 })
  const write = (text: string, options: WriteOptions) =>
    writer.write(join(root, 'a'), Buffer.from(text), options)
  await Promise.all([write('first', { mode: 0o604 }), write('second', {})])
  assert.equal(readFileSync(join(root, 'a'), 'utf8'), 'second')
  assert.equal(statSync(join(root, 'a')).mode & 0o777, 0o604)
})

test(
  'what is given while the last files take their places is written too',
  unlessBuilt,
  async (t) => {
    const root = makeTemporaryDirectory(t)
    const later: Promise<unknown>[] = []
    const addon: BatchAddon = {
      ...batchAddon!,
      placeFiles: async (...parts) => {
        // Drafted by now, so nothing waits any more
        await setImmediate()
        if (later.length === 0) later.push(writer.write(join(root, 'b'), Buffer.from('second'), {}))
        return batchAddon!.placeFiles(...parts)
      },
    }
    const writer = createWriter({ inFlight: 8, addon })
    await writer.write(join(root, 'a'), Buffer.from('first'), {})
    await writer.close()
    await Promise.all(later)
    assert.equal(readFileSync(join(root, 'b'), 'utf8'), 'second')
  },
)
