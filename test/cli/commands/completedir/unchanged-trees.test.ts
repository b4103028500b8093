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

/** A tree that was completed, and in which two runs found nothing to do. */
async function settled(t: TestContext, args: readonly string[] = []): Promise<Mirror> {
  const mirror = await Mirror.made(t, FILES, ['--recursive', ...args])
  for (let turn = 0; turn < 2; turn++)
    assert.equal((await mirror.report(['--recursive', ...args])).unchanged, 5)
  return mirror
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
  assert.deepEqual(readdirSync(join(mirror.state, 'unchanged')).length, 1)
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

test('a dry run over a tree leaves no note', async (t) => {
  const mirror = await Mirror.made(t, FILES, ['--recursive'])
  await mirror.report(['--recursive', '--dry-run'])
  assert.ok(!readdirSync(mirror.state).includes('unchanged'))
})

test('a damaged note of an unchanged tree counts as missing', async (t) => {
  const mirror = await settled(t)
  const [note = ''] = readdirSync(join(mirror.state, 'unchanged'))
  for (const text of ['{', '[]', '{"a":7}', 'null', '3']) {
    writeFileSync(join(mirror.state, 'unchanged', note), text)
    assert.equal((await mirror.report(['--recursive'])).unchanged, 5)
  }
})
