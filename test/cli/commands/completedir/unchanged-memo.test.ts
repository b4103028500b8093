import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { nativeTables } from '../../../../src/files/tree-tables.js'
import { lockDirectory } from '../../../../src/files/lock-directory.js'
import { entriesOf, Mirror } from '../../../support/mirror.js'
import type { RunResult } from '../../../support/run-btkit.js'

const skip = nativeTables === null && 'the native addon is not built'

const FILES = { a: 'aaa', b: 'bbb', 'tree/c': 'c', 'tree/sub/d': 'd', '.hidden': 'h' }

/** How many entries those are. */
const ENTRIES = 3

/** So many are unchanged for a run that relies on the note of another. */
const NOTED = 12_345

/**
 * A mirror in which a run found nothing to do. Its note says of more entries than there are, so that
 * it is to be seen who relies on it.
 */
async function standingMirror(t: TestContext, args: readonly string[] = [], prepare = prepareNone) {
  const mirror = new Mirror(t, FILES)
  prepare(mirror)
  await mirror.run(args)
  await mirror.run(args)
  exaggerate(mirror)
  return mirror
}

/** Has the note of a run say of more entries than there are. */
function exaggerate(mirror: Mirror): void {
  const path = noteOf(mirror)
  const text = readFileSync(path, 'utf8')
  const note = JSON.parse(text.slice(64)) as { report: { unchanged: number } }
  note.report.unchanged = NOTED
  rewriteNote(path, note)
}

const prepareNone: (mirror: Mirror) => void = () => undefined

function noteOf({ state }: Mirror): string {
  const directory = join(state, 'unchanged')
  const [name = ''] = readdirSync(directory)
  return join(directory, name)
}

/** With its digest, as what has none that fits is not relied on. */
function rewriteNote(path: string, note: unknown): void {
  const json = JSON.stringify(note)
  writeFileSync(path, createHash('sha256').update(json).digest('hex') + json)
}

/** Gives a file its time again. */
function keepingTime(path: string, change: () => void): void {
  const { atime, mtime } = statSync(path)
  change()
  utimesSync(path, atime, mtime)
}

test(
  'a run that finds all as the last one left it repeats what that reported',
  { skip },
  async (t) => {
    const mirror = await standingMirror(t)
    assert.equal((await mirror.report()).unchanged, NOTED)
  },
)

type Outcome = Partial<Record<'created' | 'updated' | 'removed', string[]>>

/** Changes after a run that found nothing to do, and the result of the next run. */
const CHANGES: Record<string, readonly [change: (mirror: Mirror) => void, outcome: Outcome]> = {
  'an entry is rewritten with its size and given its time again': [
    (mirror) => {
      keepingTime(mirror.at('a'), () => {
        writeFileSync(mirror.at('a'), 'xyz')
      })
    },
    { updated: ['a'] },
  ],
  'an entry is replaced by another of its size and time': [
    (mirror) => {
      keepingTime(mirror.at('a'), () => {
        writeFileSync(`${mirror.root}/new`, 'xyz')
        renameSync(`${mirror.root}/new`, mirror.at('a'))
      })
    },
    { updated: ['a'] },
  ],
  'an entry has grown': [
    (mirror) => {
      appendFileSync(mirror.at('a'), 'more')
    },
    { updated: ['a'] },
  ],
  'an entry is touched': [
    (mirror) => {
      utimesSync(mirror.at('a'), 1e9, 1e9)
    },
    {},
  ],
  'the mode of an entry is changed': [
    (mirror) => {
      chmodSync(mirror.at('a'), 0o600)
    },
    {},
  ],
  'an entry is added': [
    (mirror) => {
      writeFileSync(mirror.at('new'), 'new')
    },
    { created: ['new'] },
  ],
  'a hidden entry is added': [
    (mirror) => {
      writeFileSync(mirror.at('.new'), 'new')
    },
    {},
  ],
  'an entry is renamed': [
    (mirror) => {
      renameSync(mirror.at('a'), mirror.at('z'))
    },
    { created: ['z'] },
  ],
  'a file in a tree is rewritten with its size and given its time again': [
    (mirror) => {
      keepingTime(mirror.at('tree/sub/d'), () => {
        writeFileSync(mirror.at('tree/sub/d'), 'x')
      })
    },
    { updated: ['tree'] },
  ],
  'a file is added to a tree': [
    (mirror) => {
      writeFileSync(mirror.at('tree/sub/new'), 'new')
    },
    { updated: ['tree'] },
  ],
  'a file is removed from a tree': [
    (mirror) => {
      rmSync(mirror.at('tree/sub/d'))
    },
    { updated: ['tree'] },
  ],
  'a directory in a tree is renamed': [
    (mirror) => {
      renameSync(mirror.at('tree/sub'), mirror.at('tree/other'))
    },
    { updated: ['tree'] },
  ],
  'an entry becomes a link to another': [
    (mirror) => {
      rmSync(mirror.at('a'))
      symlinkSync('b', mirror.at('a'))
    },
    { updated: ['a'] },
  ],
  'a torrent is removed': [
    (mirror) => {
      rmSync(mirror.torrent('a'))
    },
    { created: ['a'] },
  ],
  'a torrent is emptied': [
    (mirror) => {
      writeFileSync(mirror.torrent('a'), '')
    },
    { updated: ['a'] },
  ],
  'a torrent is replaced by that of another entry': [
    (mirror) => {
      copyFileSync(mirror.torrent('b'), mirror.torrent('a'))
    },
    {},
  ],
  'the mode of a torrent is changed': [
    (mirror) => {
      chmodSync(mirror.torrent('a'), 0o600)
    },
    {},
  ],
  'a torrent is touched': [
    (mirror) => {
      utimesSync(mirror.torrent('a'), 1e9, 1e9)
    },
    {},
  ],
  'something else comes into the directory of the torrents': [
    (mirror) => {
      writeFileSync(join(mirror.target, 'else'), '')
    },
    {},
  ],
  'what is known of the torrents is lost': [
    (mirror) => {
      rmSync(join(mirror.state, 'torrents'), { recursive: true })
    },
    {},
  ],
  'what is known of the torrents is damaged': [
    (mirror) => {
      const [log = ''] = readdirSync(join(mirror.state, 'torrents'))
      appendFileSync(join(mirror.state, 'torrents', log), 'damage\n')
    },
    {},
  ],
  'the note itself is damaged': [
    (mirror) => {
      const text = readFileSync(noteOf(mirror), 'utf8')
      writeFileSync(noteOf(mirror), text.replace(`${NOTED}`, `${NOTED + 1}`))
    },
    {},
  ],
  'the note is a link': [
    (mirror) => {
      const note = noteOf(mirror)
      renameSync(note, `${mirror.root}/note`)
      symlinkSync(`${mirror.root}/note`, note)
    },
    {},
  ],
}

for (const [what, [change, outcome]] of Object.entries(CHANGES)) {
  test(
    `after a run that found nothing to do, the next one notices that ${what}`,
    { skip },
    async (t) => {
      const mirror = await standingMirror(t)
      change(mirror)
      const report = await mirror.report()
      assert.ok(report.unchanged <= ENTRIES, `${report.unchanged}`)
      for (const kind of ['created', 'updated', 'removed'] as const)
        assert.deepEqual(entriesOf(report[kind]), outcome[kind] ?? [], kind)
    },
  )
}

const isRoot = process.getuid?.() === 0

test(
  'root does not rely on a note that others could have written, but its owner does',
  { skip },
  async (t) => {
    const mirror = await standingMirror(t)
    chmodSync(join(mirror.state, 'unchanged'), 0o777)
    assert.equal((await mirror.report()).unchanged, isRoot ? ENTRIES : NOTED)
  },
)

test('some runs after a change, the memo is used again', { skip }, async (t) => {
  const mirror = await standingMirror(t)
  writeFileSync(mirror.at('a'), 'other')
  const runs = [await mirror.report(), await mirror.report(), await mirror.report()]
  assert.deepEqual(
    runs.map(({ unchanged }) => unchanged),
    [ENTRIES - 1, ENTRIES, ENTRIES],
  )
  exaggerate(mirror)
  assert.equal((await mirror.report()).unchanged, NOTED)
})

test(
  'a change after another is noticed, and one after a run that found none',
  { skip },
  async (t) => {
    const mirror = await standingMirror(t)
    for (const content of ['one', 'two', '', 'four']) {
      if (content !== '') writeFileSync(mirror.at('a'), content)
      const { updated } = await mirror.report()
      assert.deepEqual(entriesOf(updated), content === '' ? [] : ['a'])
    }
  },
)

test(
  'a missing entry is noticed, and its torrent is removed by a pruning run',
  { skip },
  async (t) => {
    const mirror = await standingMirror(t, ['--prune'])
    rmSync(mirror.at('a'))
    assert.deepEqual(entriesOf((await mirror.report(['--prune'])).removed), ['a'])
  },
)

test('an edited list of checksums is noticed', { skip }, async (t) => {
  const args = ['--checksums', 'sha256']
  const mirror = await standingMirror(t, args)
  const list = mirror.list().find((name) => name.startsWith('a.sha256')) ?? ''
  appendFileSync(join(mirror.target, list), '# edited\n')
  const { unchanged, checksumLists } = await mirror.report(args)
  assert.deepEqual([unchanged, checksumLists.skipped.length], [ENTRIES, 1])
})

test('a changed target of a link is noticed', { skip }, async (t) => {
  const mirror = await standingMirror(t, [], ({ source }) => {
    symlinkSync('.hidden', join(source, 'link'))
  })
  assert.equal((await mirror.report()).unchanged, NOTED)
  writeFileSync(mirror.at('.hidden'), 'other')
  assert.deepEqual(entriesOf((await mirror.report()).updated), ['link'])
})

/** Options with which a run does not rely on what one without them found. */
const OPTIONS: readonly (readonly string[])[] = [
  ['--comment', 'other'],
  ['--announce-list', 'http://other.example/announce'],
  ['--web-seed', 'http://other.example/'],
  ['--private'],
  ['--all'],
  ['--include', '*'],
  ['--exclude', 'none'],
  ['--no-symlinks'],
  ['--attributes'],
  ['--prune'],
  ['--checksums', 'sha256'],
  ['--min-age', '5'],
  ['--cache-trust', 'mtime'],
  ['--no-cache'],
  ['--force'],
  ['--dry-run'],
  ['--mode', '600'],
  ['--hybrid'],
]

for (const args of OPTIONS) {
  test(`with ${args.join(' ')} a run checks each entry`, { skip }, async (t) => {
    const mirror = await standingMirror(t)
    const { unchanged } = await mirror.report(args)
    assert.ok(unchanged <= ENTRIES + 1, `${unchanged}`)
  })
}

test('another date for new torrents does not make a run check each entry', { skip }, async (t) => {
  const mirror = await standingMirror(t)
  assert.equal((await mirror.report(['--date', '5'])).unchanged, NOTED)
})

test(
  'a run over another directory with the same torrents checks each entry',
  { skip },
  async (t) => {
    const mirror = await standingMirror(t)
    renameSync(mirror.source, `${mirror.root}/moved`)
    mkdirSync(mirror.source)
    assert.equal((await mirror.report()).unchanged, 0)
  },
)

test('a change within two seconds before a run is checked by the next run', { skip }, async (t) => {
  const mirror = new Mirror(t, FILES)
  await mirror.run()
  // The clock of the run is that of the files
  await mirror.run([], { now: Date.now })
  assert.equal(existsSync(join(mirror.state, 'unchanged')), false)
  await mirror.run()
  assert.equal(existsSync(join(mirror.state, 'unchanged')), true)
})

test('a clock that was set back makes no run rely on what it should not', { skip }, async (t) => {
  const mirror = new Mirror(t, FILES)
  await mirror.run()
  await mirror.run([], { now: () => Date.now() - 86_400_000 })
  assert.equal(existsSync(join(mirror.state, 'unchanged')), false)
})

test('temporary files of a killed run are removed', { skip }, async (t) => {
  const left = '.a.torrent.01234567-8-01234567.btkit-tmp'
  const mirror = new Mirror(t, FILES)
  writeFileSync(join(mirror.target, left), '')
  await mirror.run()
  await mirror.run()
  assert.equal(existsSync(join(mirror.state, 'unchanged')), false)
})

test('a run that finds its target locked says so', { skip }, async (t) => {
  const mirror = await standingMirror(t)
  const signal = new AbortController().signal
  const lock = await lockDirectory(mirror.target, { waitSeconds: 0, signal })
  assert.equal((await mirror.run()).status, 75)
  lock.release()
  assert.equal((await mirror.report()).unchanged, NOTED)
})

/** Entries beside plain ones, and the status of a run that leaves them unchanged. */
const LEFT: Record<string, readonly [prepare: (mirror: Mirror) => void, status: number]> = {
  'plain entries': [prepareNone, 0],
  'an entry without bytes': [
    (mirror) => {
      writeFileSync(mirror.at('empty'), '')
    },
    0,
  ],
  'links that lead nowhere and outside': [
    (mirror) => {
      symlinkSync('nowhere', mirror.at('broken'))
      symlinkSync('/etc/passwd', mirror.at('outside'))
    },
    0,
  ],
  'a torrent of another program': [
    (mirror) => {
      writeFileSync(mirror.torrent('a'), 'foreign')
    },
    0,
  ],
  'names that terminals do not take as they are': [
    (mirror) => {
      writeFileSync(mirror.at('\u001b[31m é'), '')
    },
    0,
  ],
}

for (const [what, [prepare, status]] of Object.entries(LEFT)) {
  test(
    `${what} are reported alike by a run with the memo and a run without`,
    { skip },
    async (t) => {
      const mirror = new Mirror(t, FILES)
      prepare(mirror)
      await mirror.run()
      for (const args of [[], ['--json'], ['--quiet']]) {
        rmSync(join(mirror.state, 'unchanged'), { recursive: true, force: true })
        const looked = await mirror.run(args)
        assert.equal(readdirSync(join(mirror.state, 'unchanged')).length, 1)
        const relied = await mirror.run(args)
        assert.deepEqual(withoutSeconds(relied), withoutSeconds(looked))
        assert.equal(looked.status, status)
      }
    },
  )
}

test('an edited torrent is reported by each run', { skip }, async (t) => {
  const mirror = new Mirror(t, FILES)
  await mirror.run()
  writeFileSync(mirror.torrent('a'), 'edited')
  const looked = await mirror.run()
  assert.equal(readdirSync(join(mirror.state, 'unchanged')).length, 1)
  assert.deepEqual(withoutSeconds(await mirror.run()), withoutSeconds(looked))
  assert.equal(looked.status, 1)
})

test('a memo that cannot be stored causes no message', { skip }, async (t) => {
  const mirror = new Mirror(t, FILES)
  await mirror.run()
  writeFileSync(join(mirror.state, 'unchanged'), 'in the way')
  const { status, stderr } = await mirror.run()
  assert.deepEqual([status, stderr], [0, ''])
})

/** How long a run took is of no account. */
function withoutSeconds({ status, stdout, stderr }: RunResult) {
  return { status, stderr, stdout: stdout.replace(/, [\d.]+ s\n|"seconds":[\d.]+/, '') }
}
