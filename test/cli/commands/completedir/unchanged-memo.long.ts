import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { nativeTables } from '../../../../src/files/tree-tables.js'
import { digestsIn, Mirror } from '../../../support/mirror.js'
import { fc } from '../../../support/random.js'

const skip = nativeTables === null && 'the native addon is not built'

// In memory, where nothing waits for a disk
if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm'

const HISTORIES = Number(process.env['BTKIT_HISTORIES'] ?? 2000)

/** Entries and files in them; few, so that things happen to the same one. */
const PATHS = ['a', 'b', '.hidden', 'tree/c', 'tree/sub/d', 'tree/.e', 'empty/x']

const FILES = { a: 'aaa', b: 'bbb', 'tree/c': 'c', 'tree/sub/d': 'd' }

const OPTIONS: readonly (readonly string[])[] = [
  [],
  ['--comment', 'x'],
  ['--private'],
  ['--source', 'x'],
  ['--v2'],
  ['--hybrid'],
  ['--piece-size-pow2', '15'],
  ['--set', 'x=1'],
  ['--set', 'x="1"'],
  ['--set', 'info.x=[1]'],
  ['--web-seed', 'http://w.example/'],
  ['--all'],
  ['--attributes'],
  ['--no-symlinks'],
  ['--store-symlinks'],
  ['--sort-by', '-path'],
  ['--checksums', 'md5'],
  ['--checksums', 'md5,sha1'],
  ['--mode', '600'],
  ['--prune'],
  ['--prune-all'],
  ['--adopt'],
  ['--no-cache'],
  ['--cache-trust', 'mtime'],
]

/** A change between two runs; some affect a second path. */
type Change = (mirror: Mirror, path: string, other: string) => void

const CHANGES: Readonly<Record<string, Change>> = {
  nothing: () => undefined,
  write: (mirror, path) => {
    writeFileSync(mirror.at(path), 'written')
  },
  'rewrite with its size and times': (mirror, path) => {
    const { atime, mtime, size } = statSync(mirror.at(path))
    writeFileSync(mirror.at(path), 'x'.repeat(size))
    utimesSync(mirror.at(path), atime, mtime)
  },
  append: (mirror, path) => {
    appendFileSync(mirror.at(path), 'more')
  },
  touch: (mirror, path) => {
    utimesSync(mirror.at(path), 1e9, 1e9)
  },
  chmod: (mirror, path) => {
    chmodSync(mirror.at(path), 0o755)
  },
  remove: (mirror, path) => {
    rmSync(mirror.at(path), { recursive: true })
  },
  rename: (mirror, path, other) => {
    renameSync(mirror.at(path), mirror.at(other))
  },
  link: (mirror, path, other) => {
    rmSync(mirror.at(path), { recursive: true, force: true })
    symlinkSync(mirror.at(other), mirror.at(path))
  },
  'make a directory': (mirror, path) => {
    mkdirSync(mirror.at(path))
  },
  'remove the torrent': (mirror, path) => {
    rmSync(torrentOf(mirror, path))
  },
  'edit the torrent': (mirror, path) => {
    writeFileSync(torrentOf(mirror, path), 'd7:comment3:you4:infod6:lengthi3eee')
  },
  'empty the torrent': (mirror, path) => {
    writeFileSync(torrentOf(mirror, path), '')
  },
  'exchange torrents': (mirror, path, other) => {
    renameSync(torrentOf(mirror, path), torrentOf(mirror, other))
  },
  'remove a list of checksums': (mirror, path) => {
    rmSync(join(mirror.target, `${entryOf(path)}.md5`))
  },
  'forget what was written': (mirror) => {
    rmSync(join(mirror.state, 'torrents'), { recursive: true })
  },
}

const entryOf = (path: string) => path.split('/')[0] ?? ''
const torrentOf = (mirror: Mirror, path: string) => mirror.torrent(entryOf(path))

/** Applies a change, unless it fails because a path is missing or of another type. */
function attempt(change: Change, ...args: Parameters<Change>): void {
  try {
    change(...args)
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
  }
}

const step = fc.record({
  change: fc.constantFrom(...Object.keys(CHANGES)),
  path: fc.constantFrom(...PATHS),
  other: fc.constantFrom(...PATHS),
  // Mostly the same, as else no run relies on an earlier one
  options: fc.option(fc.constantFrom(...OPTIONS), { freq: 3, nil: null }),
})

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** Runs once; `report` is without the time it took, `isQuiet` is whether there was nothing to do. */
async function runOnce(mirror: Mirror, args: readonly string[]) {
  const { status, stdout, stderr } = await mirror.run(['--json', ...args])
  const { seconds, ...report } = JSON.parse(stdout) as Record<string, unknown>
  assert.equal(typeof seconds, 'number')
  const changes = ['created', 'updated', 'removed', 'adopted', 'failed'].map((key) => {
    return report[key] as unknown[]
  })
  const lists = Object.values(report['checksumLists'] as Record<string, unknown[]>)
  const isUnchanged = [...changes, ...lists].every(({ length }) => length === 0)
  // Torrents that keep another info than the options ask for are reported once
  const isTold = Object.keys(report['kept'] as object).length > 0
  const isQuiet = isUnchanged && !isTold && report['bytesHashed'] === 0
  return { status, stderr, report, isQuiet }
}

const notesOf = (mirror: Mirror) => join(mirror.state, 'unchanged')

/** Runs that found nothing to do by their memo, of which the test is. */
let repeated = 0

test('runs with the memo of an unchanged run do what runs without it do', { skip }, async (t) => {
  const check = async (steps: readonly Step[]) => {
    const ends: (() => void)[] = []
    const mirror = new Mirror({ after: (end) => ends.push(end) }, FILES)
    try {
      let args: readonly string[] = []
      await runOnce(mirror, args)
      rmSync(notesOf(mirror), { recursive: true, force: true })
      await runOnce(mirror, args)
      for (const { change, path, other, options } of steps) {
        attempt(CHANGES[change]!, mirror, path, other)
        args = options ?? args
        const isNoted = noteTimes(mirror)
        const first = await runOnce(mirror, args)
        const after = digestsIn(mirror.target)
        if (first.isQuiet && isNoted !== '' && isNoted === noteTimes(mirror)) repeated++
        // Without its note, a run looks at everything, and notes what it found
        rmSync(notesOf(mirror), { recursive: true, force: true })
        const second = await runOnce(mirror, args)
        if (!second.isQuiet) rmSync(notesOf(mirror), { recursive: true, force: true })
        if (!first.isQuiet) continue
        assert.deepEqual(first, second)
        assert.deepEqual(digestsIn(mirror.target), after)
      }
    } finally {
      for (const end of ends) end()
    }
  }
  const steps = fc.array(step, { minLength: 1, maxLength: 3 })
  await fc.assert(fc.asyncProperty(steps, check), {
    numRuns: HISTORIES,
    includeErrorInReport: true,
  })
  t.diagnostic(`${HISTORIES} histories; ${repeated} runs relied on the memo`)
  assert.ok(repeated > HISTORIES / 8)
})

/** Changes when a note is written. */
function noteTimes(mirror: Mirror): string {
  try {
    const notes = notesOf(mirror)
    return readdirSync(notes)
      .map((name) => `${name} ${statSync(join(notes, name), { bigint: true }).mtimeNs}`)
      .join()
  } catch {
    return ''
  }
}
