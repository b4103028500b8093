// Valid options, two at a time. Either libtorrent reads the torrent made with both, and finds the
// reported info hash; or one line refuses the pair and names both.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { libtorrentVerdicts } from '../support/libtorrent-verdicts.js'
import { unlessLibtorrent } from '../support/peers.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { runBtkit, type RunResult, jsonLines } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'
import { TRACKER } from '../support/torrents.js'

/** Options of both commands, each with the arguments that complete it. */
const COMMON: readonly string[][] = [
  ['--v2'],
  ['--hybrid'],
  ['--pad-files'],
  ['--attributes'],
  ['--symlinks', 'store'],
  ['--sort-by', '-size'],
  ['--max-torrent-size', '3K'],
  ['--target-pieces', '3'],
  ['--max-piece-length', '32K'],
  ['--piece-size-pow2', '16'],
  ['--piece-length', 'auto'],
  ['--source', 'A'],
  ['--checksums', 'sha256,md5'],
  ['--set', 'info.x={"a":[1]}'],
  ['--private'],
  ['--announce-list', `${TRACKER}|udp://u.example:1`],
  ['--trackerless'],
  ['--web-seed-base', 'http://w.example/'],
  ['--include', '**/*.bin'],
  ['--exclude', 'deep'],
]

const OF_MAKEMETAFILE: readonly string[][] = [
  ['--files-from', 'LIST'],
  ['--randomize'],
  ['--source', 'A', '--source', 'B'],
  ['--name', 'other'],
  ['--force'],
  ['--no-clobber'],
]

/** Pairs that contradict each other; all others go together. */
const REFUSED: ReadonlySet<string> = new Set([
  '--v2 --hybrid',
  '--v2 --sort-by',
  '--hybrid --sort-by',
  '--max-torrent-size --target-pieces',
  '--max-torrent-size --piece-size-pow2',
  '--max-torrent-size --piece-length',
  '--target-pieces --piece-size-pow2',
  '--target-pieces --piece-length',
  '--piece-size-pow2 --piece-length',
  '--announce-list --trackerless',
  // Several tags with several trackers are pairs, which need --private
  '--announce-list --source',
  '--web-seed-base --name',
  '--force --no-clobber',
])

type Pair = readonly [string[], string[]]

/** All pairs of the options, except pairs of the same name. */
function pairsOf(options: readonly string[][]): Pair[] {
  return options.flatMap((one, at) =>
    options.slice(at + 1).flatMap((other): Pair[] => (one[0] === other[0] ? [] : [[one, other]])),
  )
}

/** A tree with all that options are about, in a directory of its own. */
function plantTree(t: TestContext): string {
  const directory = makeScratch(t, {
    'entries/tree/b.bin': pseudoRandom(70_000, 1),
    'entries/tree/a.bin': pseudoRandom(40_001, 2),
    'entries/tree/deep/c.bin': pseudoRandom(16_384, 3),
    'entries/tree/empty': '',
    'entries/tree/run.sh': '#!/bin/sh\n',
    'entries/tree/.hidden': 'hidden',
    list: 'b.bin\ndeep/c.bin\n',
  })
  chmodSync(join(directory, 'entries/tree/run.sh'), 0o755)
  symlinkSync('a.bin', join(directory, 'entries/tree/link'))
  return directory
}

/** A directory of its own for each run. */
function outputsOf(t: TestContext): () => string {
  const directory = makeScratch(t)
  let runs = 0
  return () => {
    const output = join(directory, String(runs++))
    mkdirSync(output)
    return output
  }
}

/** A torrent that a command says it has made. */
interface Made {
  readonly options: string
  readonly path: string
  readonly hashes: readonly [v1: string | null, v2: string | null]
}

/** Holds refusals against the expected, and returns what was made. */
function judge([one, other]: Pair, result: RunResult): Made[] {
  const names = `${one[0]} ${other[0]}`
  const options = [...one, ...other].join(' ')
  if (!REFUSED.has(names)) {
    assert.equal(result.status, 0, `${options}: ${result.stderr}`)
    const made = madeOf(result.stdout)
    assert.ok(made.length > 0, options)
    return made.map(({ torrent, infoHash, infoHashV2 }) => {
      return { options, path: torrent, hashes: [infoHash, infoHashV2] }
    })
  }
  assert.deepEqual([result.status, result.stdout], [2, ''], options)
  assert.match(result.stderr, /^btkit: [^\n]+\n$/)
  for (const name of names.split(' ')) assert.ok(result.stderr.includes(name), result.stderr)
  return []
}

interface MadeJson {
  readonly torrent: string
  readonly infoHash: string | null
  readonly infoHashV2: string | null
}

/** Returns the torrents in the JSON report of either command. */
function madeOf(stdout: string): MadeJson[] {
  const objects = jsonLines<object>(stdout)
  return objects.flatMap(
    (each) => ('created' in each ? each.created : each) as MadeJson[] | MadeJson,
  )
}

function assertReadAlike(made: readonly Made[]): void {
  const verdicts = libtorrentVerdicts(made.map(({ path }) => readFileSync(path)))
  const wrong = made.filter(({ hashes }, at) => {
    return JSON.stringify(verdicts[at]) !== JSON.stringify(hashes)
  })
  assert.deepEqual(wrong, [])
  assert.equal(verdicts.length, made.length)
}

test(
  'any two options of makemetafile go together, or are refused by name',
  unlessLibtorrent,
  async (t) => {
    const directory = plantTree(t)
    const source = join(directory, 'entries/tree')
    const target = outputsOf(t)
    const made: Made[] = []
    for (const pair of pairsOf([...COMMON, ...OF_MAKEMETAFILE])) {
      const given = pair.flat().map((arg) => (arg === 'LIST' ? join(directory, 'list') : arg))
      const tracker = given.includes('--trackerless') ? [] : [TRACKER]
      const args = ['--target', target(), '--no-cache', '--json']
      made.push(
        ...judge(pair, await runBtkit(['makemetafile', source, ...tracker, ...args, ...given])),
      )
    }
    assertReadAlike(made)
  },
)

test(
  'any two options of completedir go together, or are refused by name',
  unlessLibtorrent,
  async (t) => {
    const entries = join(plantTree(t), 'entries')
    const target = outputsOf(t)
    const made: Made[] = []
    for (const pair of pairsOf(COMMON)) {
      const given = pair.flat()
      const tracker = given.includes('--trackerless') ? [] : [TRACKER]
      const args = ['--target', target(), '--no-cache', '--json']
      made.push(
        ...judge(pair, await runBtkit(['completedir', entries, ...tracker, ...args, ...given])),
      )
    }
    assertReadAlike(made)
  },
)
