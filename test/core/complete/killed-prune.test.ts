import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { BtkitError } from '../../../src/base/errors.js'
import type { CompleteRequest } from '../../../src/core/complete/request.js'
import { FakeClient } from '../../support/fake-client.js'
import { clientOf, Place } from './place.js'

/** How a source goes that is the only one in its directory beside those that stay. */
interface Way {
  /** The path of the source, whose name is its torrent's. */
  readonly source: string
  readonly go: (place: Place, source: string) => void
  /** The kinds of runs that have this way; a directory that is empty may not be mounted. */
  readonly runs: readonly (keyof typeof RUNS)[]
}

const RUNS = {
  'beside it': { isTree: false, isBeside: true },
  'apart from it': { isTree: false, isBeside: false },
  'of a tree, beside it': { isTree: true, isBeside: true },
  'of a tree, apart from it': { isTree: true, isBeside: false },
} as const

const ALL = Object.keys(RUNS) as (keyof typeof RUNS)[]
const [, , TREE_BESIDE, TREE] = ALL as [string, string, keyof typeof RUNS, keyof typeof RUNS]
const remove = (_: Place, source: string) => {
  rmSync(source)
}

const WAYS: Readonly<Record<string, Way>> = {
  'is gone': { source: 'a', go: remove, runs: ALL },
  'lost its bytes': {
    source: 'a',
    go: (_, source) => {
      writeFileSync(source, '')
    },
    runs: ALL,
  },
  'is gone, as all of the directory': {
    source: 'a',
    go: (place) => {
      for (const path of ['a', 'b', 'd', 'other'])
        rmSync(place.at('src', path), { recursive: true })
    },
    runs: ['beside it', TREE_BESIDE],
  },
  'is gone, the only one of its directory': {
    source: 'd/x',
    go: remove,
    runs: [TREE_BESIDE],
  },
  'is gone with its directory': {
    source: 'd/x',
    go: (place) => {
      rmSync(place.at('src/d'), { recursive: true })
    },
    runs: [TREE],
  },
  'became a directory': {
    source: 'a',
    go: (place, source) => {
      rmSync(source)
      mkdirSync(source)
      writeFileSync(place.at('src/a/f'), 'f')
    },
    runs: [TREE_BESIDE, TREE],
  },
  'became a link to a directory': {
    source: 'a',
    go: (_, source) => {
      rmSync(source)
      symlinkSync('other', source)
    },
    runs: [TREE_BESIDE, TREE],
  },
}

for (const [what, { source, go, runs }] of Object.entries(WAYS)) {
  // Of the files of a source, either may be removed first
  for (const [run, first] of runs.flatMap(
    (each) =>
      [
        [each, 'the torrent'],
        [each, 'all files'],
      ] as const,
  )) {
    test(`a run that was killed after it removed ${first} of what ${what} is finished: ${run}`, async (t) => {
      const { isTree, isBeside } = RUNS[run]
      const place = new Place(t)
      for (const directory of ['d', 'other']) mkdirSync(place.at('src', directory))
      for (const path of ['d/x', 'other/y']) writeFileSync(place.at('src', path), path)
      const client = new FakeClient()
      const rules: Partial<CompleteRequest> = {
        ...{ publish: [clientOf(client)], prune: 'careful', checksums: ['md5'] },
        target: isBeside ? null : place.at('out'),
      }
      const complete = () => (isTree ? place.completeTree(rules) : place.complete(rules))
      await complete()
      const names = () => [...client.torrents.values()].map(({ name }) => name)
      const name = source.split('/').at(-1)!
      assert.ok(names().includes(name))
      go(place, place.at('src', source))
      const [torrent, list] = ['torrent', 'md5'].map((suffix) =>
        place.at(isBeside ? 'src' : 'out', `${source}.${suffix}`),
      ) as [string, string]
      const listed = readFileSync(list)
      // The state when the client is about to be asked: the run is killed then
      const [state, kept] = [place.at('state'), place.at('kept')]
      const answer = client.list.bind(client)
      client.list = () => {
        if (!existsSync(torrent) && !existsSync(kept)) cpSync(state, kept, { recursive: true })
        throw new BtkitError('client', 'killed')
      }
      await complete()
      client.list = answer
      rmSync(state, { recursive: true })
      renameSync(kept, state)
      if (first === 'the torrent') writeFileSync(list, listed)
      assert.ok(names().includes(name))
      await complete()
      assert.ok(!names().includes(name))
      assert.deepEqual([existsSync(torrent), existsSync(list)], [false, false])
    })
  }
}
