import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { BtkitError } from '../../../src/errors.js'
import {
  batchWriter,
  type BatchFile,
  type PlaceBatch,
  batchAddon,
  NOTHING_GIVEN,
  type BatchAddon,
} from '../../../src/files/write/batch.js'
import {
  encodeFingerprint,
  FINGERPRINT_LENGTH,
  readFingerprint,
} from '../../../src/files/fingerprint.js'
import { failure } from '../failure.js'
import { makeTemporaryDirectory } from '../temporary-directory.js'

const unlessBuilt = { skip: batchAddon === null && 'the addon is not built' }
const addon = batchAddon!
/** More than are open at the same time. */
const COUNT = 300

function filesIn(root: string): BatchFile[] {
  return Array.from({ length: COUNT }, (_, i) => {
    const path = join(root, `${i}`)
    return { target: path, path, bytes: Buffer.from(`new ${i}`), mode: undefined, options: {} }
  })
}

/** Files with old content. */
function plantOld(files: readonly BatchFile[]): void {
  for (const { path } of files) writeFileSync(path, 'old')
}

async function errorsOf(drafted: Promise<PlaceBatch>): Promise<unknown[]> {
  const place = await drafted
  return (await place()).map(({ error }) => error)
}

const NO_CARE = { sync: () => Promise.resolve(), clean: () => undefined }

test(
  'every draft is on the disk before the first file takes its place, and the directory after the last',
  unlessBuilt,
  async (t) => {
    const root = makeTemporaryDirectory(t)
    const files = filesIn(root)
    plantOld(files)
    const steps: string[] = []
    const see = (step: string) => {
      const drafts = readdirSync(root).filter((name) => name.startsWith('.')).length
      const placed = files.filter(({ path }) => readFileSync(path, 'utf8') !== 'old').length
      steps.push(`${step}: ${drafts} drafts, ${placed} placed`)
    }
    const seen: BatchAddon = {
      ...addon,
      isSyncfsReliable: (directory) => addon.isSyncfsReliable(directory),
      writeDrafts: async (...parts) => {
        see('before')
        const answers = await addon.writeDrafts(...parts)
        see('written')
        return answers
      },
      placeFiles: async (...parts) => {
        const answers = await addon.placeFiles(...parts)
        see('renamed')
        return answers
      },
    }
    const sync = (directory: string) => {
      see(`sync ${directory === root}`)
      return Promise.resolve()
    }
    const errors = await errorsOf(batchWriter(seen, { sync, clean: () => undefined })(files))
    assert.deepEqual(new Set(errors), new Set([null]))
    assert.deepEqual(steps, [
      'before: 0 drafts, 0 placed',
      `written: ${COUNT} drafts, 0 placed`,
      `renamed: 0 drafts, ${COUNT} placed`,
      `sync true: 0 drafts, ${COUNT} placed`,
    ])
  },
)

for (const [what, way] of [
  ['fsync', false],
  ['syncfs', true],
] as const) {
  test(`files are written by ${what}`, unlessBuilt, async (t) => {
    const root = makeTemporaryDirectory(t)
    const names = ['a', 'b', 'c']
    const contents = [Buffer.from('x'), Buffer.alloc(0), Buffer.alloc(3_000_000, 'y')]
    const attributes = new Uint32Array(12).fill(NOTHING_GIVEN)
    for (let i = 0; i < 3; i++) attributes[4 * i] = 0o640
    const answers = await addon.writeDrafts(root, names, contents, attributes, way)
    assert.deepEqual([...answers.subarray(0, 3)], [0, 0, 0])
    for (const [i, name] of names.entries())
      assert.ok(readFileSync(join(root, name)).equals(contents[i]!), name)
  })
}

test('what is there already is not written to, by a link or otherwise', unlessBuilt, async (t) => {
  const root = makeTemporaryDirectory(t)
  writeFileSync(join(root, 'a'), 'theirs')
  const attributes = Uint32Array.of(0o600, NOTHING_GIVEN, NOTHING_GIVEN, NOTHING_GIVEN)
  const [answer] = await addon.writeDrafts(root, ['a'], [Buffer.from('x')], attributes, false)
  // EEXIST
  assert.equal(answer, 17)
  assert.equal(readFileSync(join(root, 'a'), 'utf8'), 'theirs')
})

test(
  'more files are replaced than are held at a time, and none stays open',
  unlessBuilt,
  async (t) => {
    const root = makeTemporaryDirectory(t)
    const names = Array.from({ length: 700 }, (_, i) => `${i}`)
    for (const name of names) {
      writeFileSync(join(root, name), 'old')
      if (name !== '300') writeFileSync(join(root, `.${name}`), `new ${name}`)
    }
    const answers = await addon.placeFiles(
      root,
      names.map((name) => `.${name}`),
      names,
      new Uint8Array(FINGERPRINT_LENGTH * 700).fill(0xff),
    )
    // ENOENT
    assert.deepEqual(
      names.map((_, i) => answers[11 * i]),
      names.map((name) => (name === '300' ? 2 : 0)),
    )
    for (const name of names) {
      const expected = name === '300' ? 'old' : `new ${name}`
      assert.equal(readFileSync(join(root, name), 'utf8'), expected)
    }
    assert.deepEqual(openBelow(root), [])
  },
)

/** The files below a directory that this process has open. Needs Linux; elsewhere none. */
function openBelow(root: string): string[] {
  const descriptors = existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd') : []
  return descriptors.flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`)
      return path.startsWith(root) ? [path] : []
    } catch {
      // The one that listed the others
      return []
    }
  })
}

test(
  'a file whose name is taken by a directory fails alone, and leaves no draft',
  unlessBuilt,
  async (t) => {
    const root = makeTemporaryDirectory(t)
    const files = filesIn(root)
    const { path } = files[7]!
    mkdirSync(path)
    const errors = await errorsOf(batchWriter(addon, NO_CARE)(files))
    failure('io', `${path}: is a directory`)(errors[7])
    assert.equal(errors.filter((error) => error === null).length, COUNT - 1)
    assert.equal(readdirSync(root).length, COUNT)
  },
)

test('a file is told as it looks in its place', unlessBuilt, async (t) => {
  const files = filesIn(makeTemporaryDirectory(t))
  const place = await batchWriter(addon, NO_CARE)(files)
  const outcomes = await place()
  for (const [i, { path }] of files.entries())
    assert.deepEqual(outcomes[i]?.fingerprint, encodeFingerprint(readFingerprint(path)))
})

/** Changes of a place after it was checked: its content before, and the change. */
const SURPRISES: Record<string, [before: string | null, act: (path: string) => void]> = {
  'was taken': [
    null,
    (path) => {
      writeFileSync(path, 'theirs')
    },
  ],
  'was taken by a link to nowhere': [
    null,
    (path) => {
      symlinkSync('nowhere', path)
    },
  ],
  'holds something else': [
    'seen',
    (path) => {
      writeFileSync(path, 'theirs')
    },
  ],
  'is empty now': [
    'seen',
    (path) => {
      rmSync(path)
    },
  ],
}

for (const [what, [before, act]] of Object.entries(SURPRISES)) {
  test(`a place that ${what} since it was looked at is left so`, unlessBuilt, async (t) => {
    const root = makeTemporaryDirectory(t)
    const files = filesIn(root).map((file): BatchFile => {
      if (before !== null) writeFileSync(file.path, before)
      const expected = before === null ? null : encodeFingerprint(readFingerprint(file.path))
      const checkUntouched = () => {
        if (file.path === join(root, '7')) throw new BtkitError('changed', '7: not what it was')
      }
      return { ...file, options: { expected, checkUntouched } }
    })
    act(join(root, '7'))
    const left = readdirSync(root)
    const errors = await errorsOf(batchWriter(addon, NO_CARE)(files))
    failure('changed', '7: not what it was')(errors[7])
    assert.equal(errors.filter((error) => error === null).length, COUNT - 1)
    const placed = new Set([...left, ...files.map((_, i) => `${i}`).filter((name) => name !== '7')])
    assert.deepEqual(new Set(readdirSync(root)), placed)
    if (left.includes('7') && what !== 'was taken by a link to nowhere')
      assert.equal(readFileSync(join(root, '7'), 'utf8'), 'theirs')
  })
}

test('files that the disk refuses in the end keep what they held', unlessBuilt, async (t) => {
  const root = makeTemporaryDirectory(t)
  const files = filesIn(root)
  plantOld(files)
  // EIO, as syncfs reports if the write of any file failed
  const failing: BatchAddon = {
    ...addon,
    isSyncfsReliable: () => true,
    writeDrafts: async (...parts) => (await addon.writeDrafts(...parts)).fill(5),
  }
  const errors = await errorsOf(batchWriter(failing, NO_CARE)(files))
  for (const [i, { path }] of files.entries()) {
    failure('io', `${path}: i/o error`)(errors[i])
    assert.equal(readFileSync(path, 'utf8'), 'old')
  }
  assert.equal(readdirSync(root).length, COUNT)
})

test('a directory that can not be synced fails its own files alone', unlessBuilt, async (t) => {
  const roots = [makeTemporaryDirectory(t), makeTemporaryDirectory(t)] as const
  const files = roots.flatMap(filesIn)
  const sync = (directory: string) => {
    const error = Object.assign(new Error('EIO'), { code: 'EIO', errno: -5, syscall: 'fsync' })
    return directory === roots[0] ? Promise.reject(error) : Promise.resolve()
  }
  const errors = await errorsOf(batchWriter(addon, { ...NO_CARE, sync })(files))
  for (const [i, { path }] of files.entries()) {
    assert.equal(errors[i] === null, dirname(path) === roots[1])
    assert.ok(existsSync(path))
  }
})

test('the addon refuses what is no batch', unlessBuilt, () => {
  const untyped = addon as unknown as Record<string, (...parts: readonly unknown[]) => unknown>
  const some = new Uint32Array(4)
  for (const parts of [
    ['/tmp', ['a'], [], some, false],
    ['/tmp', ['a'], ['text'], some, false],
    ['/tmp', ['a'], [Buffer.of(1)], new Uint32Array(3), false],
    ['/tmp', ['a\0b'], [Buffer.of(1)], some, false],
    ['/tmp', [''], [Buffer.of(1)], some, false],
    ['/tmp', [7], [Buffer.of(1)], some, false],
    ['/tmp', ['a'], [new Uint16Array(1)], some, false],
    ['/tmp', ['a'], [Buffer.of(1)], some, 'yes'],
    [7, ['a'], [Buffer.of(1)], some, false],
    [],
  ]) {
    assert.throws(() => untyped['writeDrafts']!(...parts), TypeError, JSON.stringify(parts))
  }
  const [none, one] = [new Uint8Array(0), new Uint8Array(FINGERPRINT_LENGTH)]
  for (const parts of [
    ['/tmp', ['a'], [], one],
    ['/tmp', ['a\0'], ['b'], one],
    ['/tmp', ['a'], ['b'], none],
    ['/tmp', ['a'], ['b']],
    [7, [], [], none],
    [],
  ])
    assert.throws(() => untyped['placeFiles']!(...parts), TypeError, JSON.stringify(parts))
})
