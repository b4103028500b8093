import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { entriesOf, Mirror, type Report } from '../../../support/mirror.js'
import { runBtkit } from '../../../support/run-btkit.js'

const FILES = { 'x/a': 'a', 'x/b': 'b', 'y/c': 'c', 'y/z/d': 'dd', e: 'e' }

/** A tree that was completed, and in which a run found nothing to do. */
async function settled(t: TestContext, args: readonly string[] = []): Promise<Mirror> {
  const mirror = await Mirror.made(t, FILES, ['--recursive', ...args])
  assert.equal((await mirror.report(['--recursive', ...args])).unchanged, 5)
  return mirror
}

/** The files of records of a mirror. */
function logsOf({ state }: Mirror): string[] {
  return readdirSync(join(state, 'torrents')).filter((name) => name.endsWith('.log'))
}

/** The outcomes of a run. */
function outcomesOf({ created, updated, removed, skipped, failed, unchanged }: Report) {
  const names = [created, updated, removed, skipped].map(entriesOf)
  return [...names, failed.length, unchanged]
}

test('runs over an unchanged tree say the same, in how many ever', async (t) => {
  const mirror = await settled(t)
  const { seconds: _, ...report } = await mirror.report(['--recursive'])
  const { seconds: _seconds, ...again } = await mirror.report(['--recursive'])
  assert.deepEqual(again, report)
  assert.deepEqual([again.unchanged, again.bytesReused, again.bytesHashed], [5, 6, 0])
})

/** What happens after a run found nothing to do, and the outcomes of the next run. */
const CHANGES: Record<
  string,
  { act: (mirror: Mirror) => void; args?: readonly string[]; expected: readonly unknown[] }
> = {
  'a file that changed': {
    act: (mirror) => {
      appendFileSync(mirror.at('x/a'), 'more')
    },
    expected: [[], ['a'], [], [], 0, 4],
  },
  'a file that was added': {
    act: (mirror) => {
      writeFileSync(mirror.at('x/new'), 'new')
    },
    expected: [['new'], [], [], [], 0, 5],
  },
  'a directory that was added': {
    act: (mirror) => {
      mkdirSync(mirror.at('x/w'))
      writeFileSync(mirror.at('x/w/new'), 'new')
    },
    expected: [['new'], [], [], [], 0, 5],
  },
  'a torrent that was removed': {
    act: (mirror) => {
      rmSync(mirror.torrent('y/z/d'))
    },
    expected: [['d'], [], [], [], 0, 4],
  },
  'a torrent that was replaced': {
    act: (mirror) => {
      writeFileSync(mirror.torrent('y/c'), 'of somebody else')
    },
    expected: [[], [], [], ['c'], 0, 4],
  },
  'a foreign torrent that appeared': {
    act: (mirror) => {
      writeFileSync(mirror.torrent('y/z/f'), 'of somebody else')
    },
    args: ['--prune'],
    expected: [[], [], [], [], 0, 5],
  },
  'a file that is gone': {
    act: (mirror) => {
      rmSync(mirror.at('x/a'))
    },
    args: ['--prune'],
    expected: [[], [], ['a'], [], 0, 4],
  },
  'a directory that is gone': {
    act: (mirror) => {
      rmSync(mirror.at('y/z'), { recursive: true })
    },
    args: ['--prune'],
    expected: [[], [], ['d'], [], 0, 4],
  },
  'records that are lost': {
    act: ({ state }) => {
      rmSync(join(state, 'torrents'), { recursive: true })
    },
    args: ['--private'],
    // Adopted, or of somebody else
    expected: [[], [], [], ['a', 'b', 'c', 'd', 'e'], 0, 0],
  },
  'other options': {
    act: () => undefined,
    args: ['--private'],
    expected: [[], ['a', 'b', 'c', 'd', 'e'], [], [], 0, 0],
  },
  'another pattern': {
    act: () => undefined,
    args: ['--exclude', 'x/a'],
    expected: [[], [], [], [], 0, 4],
  },
}

for (const [what, { act, args = [], expected }] of Object.entries(CHANGES)) {
  test(`after a run found nothing to do in a tree, the next one sees ${what}`, async (t) => {
    const mirror = await settled(t)
    act(mirror)
    const report = await mirror.report(['--recursive', ...args])
    assert.deepEqual(outcomesOf(report).map(sorted), expected)
  })
}

function sorted(value: unknown): unknown {
  return Array.isArray(value) ? [...(value as string[])].sort() : value
}

test('a file that a link in an unchanged tree leads to is seen to change', async (t) => {
  const mirror = new Mirror(t, { 'x/a': 'a', 'y/b': 'b' })
  symlinkSync('../y/b', mirror.at('x/link'))
  const args = ['--recursive', '--symlinks', 'follow']
  for (let turn = 0; turn < 3; turn++) await mirror.report(args)
  appendFileSync(mirror.at('y/b'), 'more')
  const { updated, unchanged } = await mirror.report(args)
  assert.deepEqual([entriesOf(updated).sort(), unchanged], [['b', 'link'], 1])
})

test('a directory of a tree can be completed alone, and then with the tree again', async (t) => {
  const mirror = await settled(t)
  const [source, target] = [mirror.at('x'), join(mirror.target, 'x')]
  const alone = mirror.args(['--json']).map((each) => {
    return each === mirror.source ? source : each === mirror.target ? target : each
  })
  const run = async () => JSON.parse((await runBtkit(alone)).stdout) as Report
  assert.deepEqual(outcomesOf(await run()), [[], [], [], [], 0, 2])
  writeFileSync(mirror.at('x/new'), 'new')
  assert.deepEqual(entriesOf((await run()).created), ['new'])
  const { skipped, unchanged, bytesHashed } = await mirror.report(['--recursive'])
  assert.deepEqual([skipped, unchanged, bytesHashed], [[], 6, 0])
  assert.equal(logsOf(mirror).length, 1)
})

test('a part of a tree can be completed with --recursive, and its torrents are pruned', async (t) => {
  const mirror = await settled(t)
  rmSync(mirror.at('y/c'))
  writeFileSync(mirror.at('y/new'), 'new')
  const part = mirror.args(['--json', '--recursive', '--prune']).map((each) => {
    return [mirror.source, mirror.target].includes(each) ? join(each, 'y') : each
  })
  const report = JSON.parse((await runBtkit(part)).stdout) as Report
  assert.deepEqual(outcomesOf(report), [['new'], [], ['c'], [], 0, 1])
  assert.equal(logsOf(mirror).length, 1)
  const whole = await mirror.report(['--recursive', '--prune'])
  assert.deepEqual([outcomesOf(whole), whole.bytesHashed], [[[], [], [], [], 0, 5], 0])
})

test('directories that were completed alone become a tree, whose torrents are all known', async (t) => {
  const mirror = new Mirror(t, FILES)
  for (const place of ['', 'x', 'y', 'y/z']) {
    const [source, target] = [join(mirror.source, place), join(mirror.target, place)]
    mkdirSync(target, { recursive: true })
    const alone = mirror.args().map((each) => {
      return each === mirror.source ? source : each === mirror.target ? target : each
    })
    assert.equal((await runBtkit([...alone, '--exclude', '[xyz]'])).status, 0)
  }
  assert.equal(logsOf(mirror).length, 4)
  rmSync(mirror.at('x/b'))
  const args = ['--recursive', '--prune']
  const expected = [[], [], ['b'], [], 0, 4]
  assert.deepEqual(outcomesOf(await mirror.report([...args, '--dry-run'])), expected)
  assert.equal(logsOf(mirror).length, 4)
  assert.deepEqual(outcomesOf(await mirror.report(args)), expected)
  assert.equal(logsOf(mirror).length, 1)
  const again = await mirror.report(args)
  assert.deepEqual([outcomesOf(again), again.bytesHashed], [[[], [], [], [], 0, 4], 0])
})

test('a directory that was renamed and back is unchanged', async (t) => {
  const mirror = await settled(t)
  renameSync(mirror.at('x'), mirror.at('w'))
  const { created } = await mirror.report(['--recursive', '--prune'])
  assert.deepEqual(entriesOf(created), ['a', 'b'])
  renameSync(mirror.at('w'), mirror.at('x'))
  const back = await mirror.report(['--recursive', '--prune'])
  assert.deepEqual(
    [entriesOf(back.created), entriesOf(back.removed)],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  )
})

test('in a tree of more than a thousand files each change is seen', async (t) => {
  const many = Object.fromEntries(Array.from({ length: 1100 }, (_, i) => [`many/${i}`, `${i}`]))
  const mirror = await Mirror.made(t, { ...FILES, ...many, 'few/odd é': 'odd' }, ['--recursive'])
  const run = async (...args: readonly string[]) =>
    outcomesOf(await mirror.report(['--recursive', ...args])).map(sorted)
  assert.deepEqual(await run(), [[], [], [], [], 0, 1106])
  appendFileSync(mirror.at('many/7'), 'more')
  rmSync(mirror.torrent('many/8'))
  rmSync(mirror.at('many/9'))
  writeFileSync(mirror.at('many/new'), 'new')
  writeFileSync(mirror.torrent('x/a'), 'of somebody else')
  mkdirSync(mirror.at('w'))
  writeFileSync(mirror.at('w/new'), 'new')
  const expected = [['8', 'new', 'new'], ['7'], ['9'], ['a'], 0, 1102]
  assert.deepEqual(await run('--prune'), expected)
  assert.deepEqual(await run('--prune'), [[], [], [], ['a'], 0, 1106])
  assert.equal((await run('--exclude', 'many/1*'))[5], 1106 - 211)
})
