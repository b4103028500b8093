import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { readFingerprint } from '../../../src/files/fingerprint.js'
import { tryReadLeases, tryReadLeasesAsync } from '../../../src/files/open-writers/lease.js'
import { runProgram } from '../../support/executable.js'
import { makeScratch } from '../../support/scratch.js'
import {
  startRestlessWriter,
  prepareWriters,
  unlessLongWrites,
  unlessWritersTell,
  type WriterKind,
} from '../../support/writers.js'

function stateOf(path: string) {
  return tryReadLeases([path])[0]
}

test('a file that nobody has open for writing is unwritten', unlessWritersTell, (t) => {
  const path = join(makeScratch(t, { a: 'content' }), 'a')
  assert.deepEqual(tryReadLeases([path, path]), ['unwritten', 'unwritten'])
})

/** After how many steps writers have closed what they opened. */
const STEPS: Partial<Record<WriterKind, number>> = { descriptor: 3, direct: 3, long: 4, mapping: 4 }

for (const [kind, steps] of Object.entries(STEPS) as [WriterKind, number][]) {
  test(`a file is open for writing as long as it is: ${kind}`, unlessOf(kind), async (t) => {
    const startWriter = prepareWriters(t)
    const path = join(makeScratch(t, { a: 'content' }), 'a')
    const writer = startWriter(kind, path)
    for (let step = 1; step <= steps; step++) {
      await writer.step()
      assert.equal(stateOf(path), step < steps ? 'open for writing' : 'unwritten', `${step}`)
    }
  })

  test(
    `of an unwritten file, the first byte moves the times: ${kind}`,
    unlessOf(kind),
    async (t) => {
      const startWriter = prepareWriters(t)
      const path = join(makeScratch(t, { a: 'content' }), 'a')
      // Else the system's clock may not have moved
      await setTimeout(50)
      const before = readFingerprint(path)
      assert.equal(stateOf(path), 'unwritten')
      const writer = startWriter(kind, path)
      await writer.step()
      await writer.step()
      const { mtimeNs } = readFingerprint(path)
      assert.ok(mtimeNs > before.mtimeNs)
    },
  )
}

function unlessOf(kind: WriterKind) {
  return kind === 'long' ? unlessLongWrites : unlessWritersTell
}

test('what is no regular file, or is not there, is nothing to tell of', (t) => {
  const root = makeScratch(t, { a: 'content' })
  symlinkSync('a', join(root, 'link'))
  mkdirSync(join(root, 'directory'))
  execFileSync('mkfifo', [join(root, 'fifo')])
  const names = ['link', 'directory', 'fifo', 'missing', 'a\0', '', 'n'.repeat(5000)]
  const states = tryReadLeases(names.map((name) => join(root, name)))
  assert.deepEqual(new Set(states), new Set(['unable']))
})

test(
  "nothing is told of a file of somebody else's without the right to",
  unlessWritersTell,
  (t) => {
    if (process.getuid?.() !== 0) {
      t.skip('only root can become somebody else')
      return
    }
    const path = join(makeScratch(t, { a: 'content' }), 'a')
    execFileSync('chmod', ['-R', 'a+rX', join(path, '..')])
    process.seteuid?.(65534)
    try {
      assert.equal(stateOf(path), 'unable')
    } finally {
      process.seteuid?.(0)
    }
  },
)

test('without the native addon nothing is told', async () => {
  assert.deepEqual(tryReadLeases(['/', '/etc/passwd'], null), ['unable', 'unable'])
  assert.deepEqual(await tryReadLeasesAsync(['/', '/etc/passwd'], null), ['unable', 'unable'])
})

const SHM = '/dev/shm'
const TMPFS = 0x01021994
const isTmpfs = existsSync(SHM) && statfsSync(SHM).type === TMPFS

test(
  'on tmpfs only those who write are told of',
  { skip: !isTmpfs || unlessWritersTell.skip },
  async (t) => {
    const startWriter = prepareWriters(t)
    const directory = mkdtempSync(join(SHM, 'btkit-test-'))
    t.after(() => {
      rmSync(directory, { recursive: true })
    })
    const path = join(directory, 'a')
    writeFileSync(path, 'content')
    assert.equal(stateOf(path), 'unable')
    const writer = startWriter('mapping', path)
    await writer.step()
    assert.equal(stateOf(path), 'open for writing')
  },
)

test('files of a file system that tells nothing do not hide others', unlessWritersTell, (t) => {
  const path = join(makeScratch(t, { a: 'content' }), 'a')
  const states = tryReadLeases(['/proc/self/status', path, '/proc/self/stat', path])
  assert.deepEqual(states, ['unable', 'unwritten', 'unable', 'unwritten'])
})

test('many files keep their order', unlessWritersTell, async (t) => {
  const startWriter = prepareWriters(t)
  const root = makeScratch(t, { a: 'content', b: 'content' })
  await startWriter('descriptor', join(root, 'b')).step()
  const names = Array.from({ length: 2500 }, (_, i) =>
    i % 3 === 0 ? 'a' : i % 3 === 1 ? 'b' : 'c',
  )
  const expected = { a: 'unwritten', b: 'open for writing', c: 'unable' } as Record<string, string>
  const paths = names.map((name) => join(root, name))
  const states = names.map((name) => expected[name])
  assert.deepEqual(tryReadLeases(paths), states)
  assert.deepEqual(await tryReadLeasesAsync(paths), states)
})

test(
  'who asks while others open the file for writing again and again lives on',
  unlessWritersTell,
  async (t) => {
    const path = join(makeScratch(t, { a: 'content' }), 'a')
    for (let i = 0; i < 2; i++) startRestlessWriter(t, path)
    const program = `
    import { tryReadLeasesAsync } from ${JSON.stringify(new URL('../../../src/files/open-writers/lease.js', import.meta.url))}
    const seen = { unable: 0, unwritten: 0, 'open for writing': 0 }
    // The others may be slow to begin
    while (seen.unwritten < 5_000 || seen['open for writing'] < 5_000) {
      for (const state of await tryReadLeasesAsync(Array(1000).fill(process.argv[1]))) seen[state]++
    }
    console.log(seen.unable)
  `
    const result = await runProgram(process.execPath, ['--input-type=module', '-e', program, path])
    assert.deepEqual(
      { ...result, bytes: null },
      { status: 0, signal: null, stdout: '0\n', stderr: '', bytes: null },
    )
  },
)
