import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import fs, {
  chmodSync,
  chownSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { BtkitError, systemError } from '../../../src/base/errors.js'
import { writeAtomically } from '../../../src/disk/write/atomically.js'
import { lockFile } from '../../../src/disk/write/locks.js'
import { failure, unlessWindows } from '../failure.js'
import { plantTree } from '../temporary-directory.js'
import { until } from '../../support/until.js'
import { makeScratch, plantLinks } from '../../support/scratch.js'
import { importMocks } from '../../support/import-mocks.js'

const MODULE = new URL('../../../src/disk/write/atomically.js', import.meta.url).href
const onlyLinux = { skip: process.platform !== 'linux' && 'needs Linux' }
const unlessRoot = { skip: process.getuid?.() !== 0 && 'only root may give files away' }
const bytes = Buffer.from('new content')

test('a file is looked at once more when no other run replaces it', async (t) => {
  const root = makeScratch(t, { file: 'old', other: 'other' })
  const [path, other] = [join(root, 'file'), join(root, 'other')]
  const lock = await lockFile(path)
  assert(lock)
  const found: string[] = []
  const checkUntouched = () => {
    found.push(readFileSync(path, 'utf8'))
    throw new BtkitError('changed', 'not so')
  }
  const writing = writeAtomically(path, bytes, { checkUntouched })
  await until('a draft', () => readdirSync(root).length === 3)
  // The draft is complete when a write that began after it is
  await writeAtomically(join(root, 'third'), bytes, {})
  assert.deepEqual(found, [])
  renameSync(other, path)
  lock.release()
  await assert.rejects(writing, /not so/)
  assert.deepEqual([found, readdirSync(root).sort()], [['other'], ['file', 'third']])
})

test('a pipe that takes the place of a file is not waited for', unlessWindows, async (t) => {
  const path = join(makeScratch(t, { file: 'old' }), 'file')
  const claim = () => {
    rmSync(path)
    execFileSync('mkfifo', [path])
  }
  const checkUntouched = () => {
    throw new BtkitError('changed', 'not so')
  }
  await assert.rejects(writeAtomically(path, bytes, { claim, checkUntouched }), /not so/)
})

/** Runs a program that has writeAtomically, through a shell line in which `$node` starts it. */
async function runWriter(line: string, program: string): Promise<string> {
  const script = `import { writeAtomically } from '${MODULE}'; ${program}`
  const node = `exec "$0" --input-type=module -e "$1"`
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    line.replace('$node', node),
    process.execPath,
    script,
  ])
  return stdout
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o7777
}

test('an old file is replaced whole, whatever the sizes', async (t) => {
  const root = makeScratch(t)
  const path = join(root, 'a')
  for (const size of [5_000_000, 3, 0]) {
    await writeAtomically(path, Buffer.alloc(size, 'x'), {})
    assert.equal(readFileSync(path).length, size)
  }
  assert.deepEqual(readdirSync(root), ['a'])
})

test('who has the old file open goes on reading it', unlessWindows, async (t) => {
  const path = join(plantTree(t, ['a']), 'a')
  const open = openSync(path, 'r')
  await writeAtomically(path, bytes, {})
  assert.equal(readFileSync(open, 'utf8'), 'a')
  closeSync(open)
})

test('a name of 255 bytes can be written', onlyLinux, async (t) => {
  const root = makeScratch(t)
  const name = `é${'x'.repeat(253)}`
  await writeAtomically(join(root, name), bytes, {})
  assert.deepEqual(readdirSync(root), [name])
})

test('the mode of a new file honours umask', unlessWindows, async (t) => {
  const root = makeScratch(t)
  const before = process.umask(0o027)
  t.after(() => process.umask(before))
  await writeAtomically(join(root, 'a'), bytes, {})
  assert.equal(modeOf(join(root, 'a')), 0o640)
})

test('a replaced file keeps its owner and mode', unlessRoot, async (t) => {
  const path = join(plantTree(t, ['a']), 'a')
  chownSync(path, 1234, 4321)
  chmodSync(path, 0o640)
  await writeAtomically(path, bytes, {})
  const { uid, gid } = statSync(path)
  assert.deepEqual([uid, gid, modeOf(path)], [1234, 4321, 0o640])
})

test('a file is written although its file system refuses a mode', unlessWindows, async (t) => {
  const root = makeScratch(t)
  const refused = t.mock.method(fs, 'fchmodSync', () => {
    throw systemError(-os.constants.errno.EPERM, 'fchmod')
  })
  importMocks(t)
  // umask takes away what this asks for
  await writeAtomically(join(root, 'a'), bytes, { mode: 0o666 })
  assert.equal(refused.mock.callCount(), 1)
  assert.deepEqual(readFileSync(join(root, 'a')), bytes)
})

test('a link stays, and what it points to is replaced', async (t) => {
  const root = plantTree(t, ['d/a'])
  plantLinks(root, { link: 'd/a', dangling: 'd/new' })
  await writeAtomically(join(root, 'link'), bytes, {})
  await writeAtomically(join(root, 'dangling'), bytes, {})
  assert.equal(readlinkSync(join(root, 'link')), 'd/a')
  assert.ok(lstatSync(join(root, 'dangling')).isSymbolicLink())
  assert.deepEqual(readFileSync(join(root, 'd/a')), bytes)
  assert.deepEqual(readFileSync(join(root, 'd/new')), bytes)
  assert.deepEqual(readdirSync(join(root, 'd')), ['a', 'new'])
})

test('without clobber a device is refused like any other name taken', onlyLinux, async () => {
  await assert.rejects(
    writeAtomically('/dev/null', bytes, { noClobber: true }),
    failure('exists', '/dev/null: already exists'),
  )
})

test('without clobber one of many writers wins, and the others are told', async (t) => {
  const root = makeScratch(t)
  const path = join(root, 'a')
  const contents = Array.from({ length: 20 }, (_, i) => `writer ${i}`)
  const ends = await Promise.allSettled(
    contents.map((content) => writeAtomically(path, Buffer.from(content), { noClobber: true })),
  )
  const winner = ends.findIndex((end) => end.status === 'fulfilled')
  assert.equal(readFileSync(path, 'utf8'), contents[winner])
  const losers = ends.filter((end) => end.status === 'rejected')
  assert.equal(losers.length, 19)
  for (const { reason } of losers) failure('exists', `${path}: already exists`)(reason)
  assert.deepEqual(readdirSync(root), ['a'])
})

test('many writers of one name leave the whole content of one', async (t) => {
  const root = makeScratch(t)
  const contents = Array.from({ length: 20 }, (_, i) => String(i).repeat(100_000 + i))
  const path = join(root, 'a')
  await Promise.all(contents.map((content) => writeAtomically(path, Buffer.from(content), {})))
  assert.ok(contents.includes(readFileSync(path, 'utf8')))
  assert.deepEqual(readdirSync(root), ['a'])
})

test('a directory is not replaced, not even an empty one', async (t) => {
  const root = makeScratch(t)
  const path = join(root, 'd')
  mkdirSync(path)
  await assert.rejects(writeAtomically(path, bytes, {}), failure('io', `${path}: is a directory`))
  assert.deepEqual(readdirSync(root), ['d'])
})

test('a write that fails half-way leaves the old file and no other', unlessWindows, async (t) => {
  const root = plantTree(t, ['a'])
  const path = join(root, 'a')
  const program = `process.on('SIGXFSZ', () => undefined)
    const error = await writeAtomically('${path}', Buffer.alloc(4e6), {}).catch((e) => e)
    process.stdout.write(error.code + ' ' + error.message)`
  const said = await runWriter('ulimit -f 100; $node', program)
  assert.equal(said, `io ${path}: file too large`)
  assert.equal(readFileSync(path, 'utf8'), 'a')
  assert.deepEqual(readdirSync(root), ['a'])
})

test('an error of the program is thrown as it is, and leaves nothing', async (t) => {
  const root = plantTree(t, ['a'])
  const nonsense = 42 as unknown as Uint8Array
  await assert.rejects(
    writeAtomically(join(root, 'a'), nonsense, {}),
    (error) => error instanceof TypeError && !(error instanceof BtkitError),
  )
  assert.equal(readFileSync(join(root, 'a'), 'utf8'), 'a')
  assert.deepEqual(readdirSync(root), ['a'])
})

test('a pipe is written to and stays a pipe', unlessWindows, async (t) => {
  const path = join(makeScratch(t), 'pipe')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  await writeAtomically(path, bytes, {})
  assert.equal(readFileSync(reader, 'utf8'), bytes.toString())
  closeSync(reader)
  assert.ok(statSync(path).isFIFO())
})

test('a pipe takes more than it holds at once', unlessWindows, async (t) => {
  const path = join(makeScratch(t), 'pipe')
  execFileSync('mkfifo', [path])
  const isRead = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writing = writeAtomically(path, Buffer.alloc(300_000, 'x'), {})
  const reading = promisify(execFile)('cat', [path], { maxBuffer: 2 ** 20 })
  await writing
  closeSync(isRead)
  assert.equal((await reading).stdout.length, 300_000)
})

test('a pipe that nobody reads is not waited for', unlessWindows, async (t) => {
  const path = join(makeScratch(t), 'pipe')
  execFileSync('mkfifo', [path])
  await assert.rejects(
    writeAtomically(path, bytes, {}),
    failure('io', `${path}: not a regular file, but a pipe that nobody reads`),
  )
  assert.ok(statSync(path).isFIFO())
})
