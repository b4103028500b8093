import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { lockDirectory } from '../../../../src/files/lock-directory.js'
import { entriesOf, Mirror } from '../../../support/mirror.js'

const FILES = { a: 'aaa', b: 'bbb', 'tree/c': 'c', 'tree/sub/d': 'd', '.hidden': 'h' }

/** How many entries those are. */
const ENTRIES = 3

/** A mirror in which a run found nothing to do. */
async function standingMirror(t: TestContext, args: readonly string[] = [], prepare = prepareNone) {
  const mirror = new Mirror(t, FILES)
  prepare(mirror)
  await mirror.run(args)
  assert.deepEqual((await mirror.report(args)).failed, [])
  return mirror
}

const prepareNone: (mirror: Mirror) => void = () => undefined

/** Gives a file its time again. */
function keepingTime(path: string, change: () => void): void {
  const { atime, mtime } = statSync(path)
  change()
  utimesSync(path, atime, mtime)
}

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
}

for (const [what, [change, outcome]] of Object.entries(CHANGES)) {
  test(`after a run that found nothing to do, the next one notices that ${what}`, async (t) => {
    const mirror = await standingMirror(t)
    change(mirror)
    const report = await mirror.report()
    for (const kind of ['created', 'updated', 'removed'] as const)
      assert.deepEqual(entriesOf(report[kind]), outcome[kind] ?? [], kind)
  })
}

test('a change after another is noticed, and one after a run that found none', async (t) => {
  const mirror = await standingMirror(t)
  for (const content of ['one', 'two', '', 'four']) {
    if (content !== '') writeFileSync(mirror.at('a'), content)
    const { updated } = await mirror.report()
    assert.deepEqual(entriesOf(updated), content === '' ? [] : ['a'])
  }
})

test('a missing entry is noticed, and its torrent is removed by a pruning run', async (t) => {
  const mirror = await standingMirror(t, ['--prune'])
  rmSync(mirror.at('a'))
  assert.deepEqual(entriesOf((await mirror.report(['--prune'])).removed), ['a'])
})

test('an edited list of checksums is noticed', async (t) => {
  const args = ['--checksums', 'sha256']
  const mirror = await standingMirror(t, args)
  const list = mirror.list().find((name) => name.startsWith('a.sha256')) ?? ''
  appendFileSync(join(mirror.target, list), '# edited\n')
  const { unchanged, checksumLists } = await mirror.report(args)
  assert.deepEqual([unchanged, checksumLists.skipped.length], [ENTRIES, 1])
})

test('a changed target of a link is noticed', async (t) => {
  const mirror = await standingMirror(t, [], ({ source }) => {
    symlinkSync('.hidden', join(source, 'link'))
  })
  writeFileSync(mirror.at('.hidden'), 'other')
  assert.deepEqual(entriesOf((await mirror.report()).updated), ['link'])
})

test('another date for new torrents changes none', async (t) => {
  const mirror = await standingMirror(t)
  assert.equal((await mirror.report(['--date', '5'])).unchanged, ENTRIES)
})

test('a run that finds its target locked says so', async (t) => {
  const mirror = await standingMirror(t)
  const signal = new AbortController().signal
  const lock = await lockDirectory(mirror.target, { waitSeconds: 0, signal })
  assert.equal((await mirror.run()).status, 75)
  lock.release()
  assert.equal((await mirror.report()).unchanged, ENTRIES)
})
