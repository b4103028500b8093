import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { unlessWindows } from '../../disk/failure.js'
import { limitedBudget, plentifulBudget } from '../budgets.js'
import { refused } from '../refused.js'
import { type Files, makeScratch } from '../../support/scratch.js'
import { inTurn } from '../../../src/server/connections/turns.js'
import { Budget, type BudgetLimits } from '../../../src/server/admission/memory.js'
import { findFiles, type FindLimits } from '../../../src/mirror/tree/find-files.js'
import { type Mirror, MirrorView } from '../../../src/mirror/tree/mirror.js'
import { NotReady } from '../../../src/server/headers/refusal.js'

const maxMatches = 100

function makeMirror(t: TestContext, files: Files, rules: Partial<Mirror> = {}): Mirror {
  return { root: makeScratch(t, files), hidden: false, followSymlinks: false, ...rules }
}

/** The paths of the found files, joined by slashes. */
async function find(
  mirror: Mirror,
  paths: readonly string[],
  limits: Partial<FindLimits> = {},
): Promise<string[]> {
  const all = { maxMatches, budget: plentifulBudget(), ...limits }
  const { files } = await findFiles(paths, mirror, all)
  return files.map(({ path }) => path.join('/'))
}

const TREE = {
  'a/1.rpm': '1',
  'a/2.rpm': '22',
  'a/sub/3.rpm': '333',
  'b/1.rpm': '4444',
  'b/x.txt': 'x',
}

test('a missing path is named', async (t) => {
  const mirror = makeMirror(t, TREE)
  for (const path of ['/none', '/a/none.rpm', '/a/1.rpm/x', '/*.iso', '/n*/x']) {
    const check = refused('not-found', /not found/)
    await assert.rejects(find(mirror, [path]), (error: Error) => {
      assert.ok(error.message.startsWith(`${path}: `), error.message)
      return check(error)
    })
  }
})

/** Entries of a directory, about a thousand. */
function many(count: number, name: (i: number) => string): Files {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [name(i), 'x']))
}

test('files are not looked up if a pattern wants directories', async (t) => {
  const mirror = makeMirror(t, { ...many(200, (i) => `d/${i}`), 'd/dir/a/a/a': 'x' })
  const tail = '/a'.repeat(3)
  // The names, the pattern and one path: nothing for each name and component of the tail. Two
  // directories count as ten names each
  const budget = limitedBudget({ names: 221, steps: 201 * 2 + 2 * `/d/*${tail}`.length })
  assert.deepEqual(await find(mirror, [`/d/*${tail}`], { budget }), ['d/dir/a/a/a'])
})

test('a pattern deeper than any mirror is refused', async (t) => {
  const mirror = makeMirror(t, TREE)
  for (const path of [`/a/*${'/a'.repeat(99)}`, `/*${'/a'.repeat(500)}`, '/*'.repeat(1500)]) {
    await assert.rejects(find(mirror, [path]), refused('too-many', /more than 100 components/))
  }
  await assert.rejects(find(mirror, [`/a/*${'/a'.repeat(98)}`]), refused('not-found', /not found/))
})

test('a search of too many names ends', async (t) => {
  const mirror = makeMirror(t, { ...many(30, (i) => `d/${i}`), ...TREE })
  const budget = limitedBudget({ names: 100 })
  const paths = Array.from({ length: 10 }, (_, i) => `/d/*${i}`)
  await assert.rejects(find(mirror, paths, { budget }), refused('too-many', /too many names/))
})

for (const tail of ['nowhere', '1.rpm', '*.rpm', 'x/1.rpm']) {
  test(`circular links end a search of .../${tail} soon`, unlessWindows, async (t) => {
    const mirror = makeMirror(t, TREE)
    for (const name of ['x', 'y', 'z']) symlinkSync('.', join(mirror.root, 'a', name))
    const view = t.mock.method(MirrorView.prototype, 'directory')
    const paths = [`/a${'/*'.repeat(12)}/${tail}`]
    // As much as the service allows for a request
    const limits = { maxMatches: 10_000, budget: limitedBudget({ names: 1_000_000 }) }
    await assert.rejects(find(mirror, paths, limits), refused('too-many', /too many names/))
    assert.ok(view.mock.callCount() < 2000, String(view.mock.callCount()))
  })
}

test(
  'targets of circular links are found as often as the pattern says',
  unlessWindows,
  async (t) => {
    const mirror = makeMirror(t, TREE)
    symlinkSync('.', join(mirror.root, 'self'))
    const limits = { budget: limitedBudget({ names: 1_000_000 }) }
    const found = await find(mirror, ['/*/*/1.rpm'], limits)
    assert.deepEqual(found, ['self/a/1.rpm', 'self/b/1.rpm'])
  },
)

test('a search that takes too many steps ends', async (t) => {
  const mirror = makeMirror(
    t,
    many(30, (i) => `d/${i}`),
  )
  const budget = limitedBudget({ steps: 100 })
  await assert.rejects(
    find(mirror, ['/d/*[0-9]*x'], { budget }),
    refused('too-many', /too long to match/),
  )
})

test('paths with too many bytes end the search', async (t) => {
  const mirror = makeMirror(
    t,
    many(30, (i) => `d/${i}`),
  )
  const budget = limitedBudget({ bytes: 15_000 })
  await assert.rejects(find(mirror, ['/d/*'], { budget }), refused('too-many', /too many bytes/))
  assert.equal(
    (await find(mirror, ['/d/1?'], { budget: limitedBudget({ bytes: 20_000 }) })).length,
    10,
  )
})

/** A budget whose slices end at once, and the amounts charged to it. */
class HastyBudget extends Budget {
  names = 0

  constructor(signal: AbortSignal) {
    super({ steps: 1e9, names: 1e9, bytes: 1e9 }, { signal })
  }

  override isSliceOver(): boolean {
    return true
  }

  override charge(kind: keyof BudgetLimits, amount: number): void {
    if (kind === 'names') this.names += amount
    super.charge(kind, amount)
  }
}

test('a search yields between two names', async (t) => {
  const mirror = makeMirror(
    t,
    many(100, (i) => `d/${i}`),
  )
  let [turns, isOver] = [0, false]
  // Another client, that always wants something
  const count = () => {
    turns++
    if (!isOver) inTurn(count, 'other')
  }
  count()
  await assert.rejects(
    find(mirror, ['/d/x*'], { budget: new HastyBudget(new AbortController().signal) }),
  )
  isOver = true
  assert.ok(turns >= 100, `${turns}`)
})

test('a search that nobody waits for ends before the next name', async (t) => {
  const mirror = makeMirror(
    t,
    many(1000, (i) => `d/${i}`),
  )
  const gone = new AbortController()
  const budget = new HastyBudget(gone.signal)
  const search = find(mirror, ['/d/*', '/d/?', '/d/??'], { budget })
  while (budget.names < 10) await new Promise((resolve) => setImmediate(resolve))
  gone.abort(new NotReady('gone', 1))
  const seen = budget.names
  await assert.rejects(search, refused('busy', /gone/))
  // Each of the three may be at a name, or at the directory itself, which counts as ten
  assert.ok(budget.names <= seen + 30, `${budget.names - seen}`)
})

test('the first missing path ends the search for the others', async (t) => {
  const mirror = makeMirror(
    t,
    many(100, (i) => `d/${i}`),
  )
  const budget = new HastyBudget(new AbortController().signal)
  const paths = ['/none', ...Array.from({ length: 500 }, (_, i) => `/d/x${i}*`)]
  await assert.rejects(find(mirror, paths, { budget }), refused('not-found', /none/))
  const seen = budget.names
  for (let i = 0; i < 5000; i++) await new Promise((resolve) => setImmediate(resolve))
  // Begun searches are completed: a directory of a hundred names, which itself counts as ten
  assert.ok(budget.names - seen <= 32 * 110, `${budget.names - seen}`)
})
