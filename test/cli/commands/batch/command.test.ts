import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Io } from '../../../../src/cli/io.js'
import { decodeTorrent } from '../../../support/decode-torrent.js'
import { startCollecting } from '../../../support/executable.js'
import { assertError, runBtkit, jsonLines } from '../../../support/run-btkit.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { makeScratch, plantFiles } from '../../../support/scratch.js'
import { longTest } from '../../../support/long.js'

const FILES = { 'a.iso': 'aaa', 'b.iso': 'bb', 'd/x': 'x', 'd/y': 'yy', 'e/x': 'x2' }

/** A directory with a batch file. */
function makePlace(t: TestContext, yaml: string) {
  const directory = makeScratch(t, FILES)
  const at = (...path: string[]) => join(directory, ...path)
  plantFiles(directory, { 'batch.yaml': yaml, 'out/.keep': '' })
  const batch = (args: readonly string[] = [], world: Partial<Io> = {}) =>
    runBtkit(['batch', at('batch.yaml'), ...args], world)
  const torrents = () =>
    readdirSync(directory, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.torrent'))
      .sort()
  const torrent = (name: string) => decodeTorrent(readFileSync(at(name)))
  return { at, batch, torrents, torrent }
}

const TWO = `
defaults: {announce: http://t.example/a, date: 2026-01-01}
jobs:
  image:
    makemetafile: {path: a.iso, comment: 'an image', web-seed: [http://w.example/]}
  all:
    completedir: {path: d, output: out, prune: true}
`

test('jobs run one after another, with paths relative to the file', async (t) => {
  const { batch, torrents, torrent } = makePlace(t, TWO)
  const { status, stdout, stderr } = await batch()
  assert.deepEqual([status, stderr], [0, ''])
  assert.deepEqual(torrents(), ['a.iso.torrent', 'out/x.torrent', 'out/y.torrent'])
  const made = torrent('a.iso.torrent')
  assert.deepEqual(
    [made['announce'], made['comment'], made['url-list'], made['creation date']],
    ['http://t.example/a', 'an image', ['http://w.example/'], 1767225600],
  )
  assert.equal(torrent('out/x.torrent')['announce'], 'http://t.example/a')
  assert.match(
    stdout,
    /^image: makemetafile, done, [\d.]+ s\nwrote [^]*\nall: completedir, done, [^]*\n2 jobs, 0 failed, [\d.]+ s\n$/,
  )
})

test('the torrents are those of the commands by themselves', async (t) => {
  const { batch, at } = makePlace(t, TWO)
  await batch()
  const ours = readFileSync(at('a.iso.torrent'))
  const args = ['-a', 'http://t.example/a', '--date', '2026-01-01', '--comment', 'an image']
  await runBtkit(['makemetafile', at('a.iso'), ...args, '--web-seed', 'http://w.example/'])
  assert.deepEqual(readFileSync(at('a.iso.torrent')), ours)
})

test('a job that fails does not stop the others', async (t) => {
  const { batch, torrents } = makePlace(
    t,
    `jobs:
  gone: {makemetafile: {path: gone.iso}}
  there: {makemetafile: {path: b.iso, trackerless: true}}
`,
  )
  const { status, stdout, stderr } = await batch()
  assert.deepEqual([status, torrents()], [1, ['b.iso.torrent']])
  assert.match(stderr, /^btkit: gone: .*gone\.iso: no such file or directory$/m)
  assert.match(stdout, /gone: makemetafile, failed \(status 1\), .*\n(.*\n)*2 jobs, 1 failed, /)
})

test('--only runs the jobs that it names, --quiet prints only errors', async (t) => {
  const { batch, torrents } = makePlace(t, TWO)
  const { status, stdout, stderr } = await batch(['--only', 'image', '--quiet'])
  assert.deepEqual([status, stdout, stderr, torrents()], [0, '', '', ['a.iso.torrent']])
  const wrong = await batch(['--only', 'imag'])
  assertError(wrong, 'usage', '--only imag: there is no such job; did you mean "image"?')
  const other = (await batch(['--only', 'z'])).stderr
  assert.match(other, /^btkit: --only z: there is no such job; jobs are image, [\w, ]+\n$/)
})

test('with --only, a clash counts only if both of its jobs run', async (t) => {
  const { batch, torrents } = makePlace(
    t,
    `defaults: {trackerless: true}
jobs:
  a: {makemetafile: {path: a.iso, output: c.torrent}}
  b: {makemetafile: {path: b.iso, output: c.torrent}}
  c: {makemetafile: {path: b.iso}}
`,
  )
  const { status, stderr } = await batch(['--only', 'a', '--only', 'c'])
  assert.deepEqual([status, stderr, torrents()], [0, '', ['b.iso.torrent', 'c.torrent']])
  assert.equal((await batch(['--only', 'a', '--only', 'b'])).status, 1)
})

for (const recursive of [true, false]) {
  // In a replacement of JavaScript, `$` and what follows it stand for other texts
  for (const name of ['a$$b', 'c$&d', "e$'f"]) {
    const what = recursive ? 'the tree' : 'the directory'
    test(`a torrent in ${what} ${name} is not replaced by the next job`, async (t) => {
      const completedir = JSON.stringify({ path: name, recursive })
      const makemetafile = JSON.stringify({ path: `${name}/x` })
      const jobs = `  a: {completedir: ${completedir}}\n  b: {makemetafile: ${makemetafile}}\n`
      const { batch, at } = makePlace(t, `defaults: {trackerless: true}\njobs:\n${jobs}`)
      plantFiles(at(), { [`${name}/x`]: 'x' })
      const { status, stderr } = await batch(['--quiet'])
      const path = at(`${name}/x.torrent`)
      const expected = `btkit: b: ${path}: job a of this batch wrote it; use another path\n`
      assert.deepEqual([status, stderr], [1, expected])
    })
  }
}

test('--dry-run writes nothing and says what would be done', async (t) => {
  const { batch, torrents } = makePlace(t, TWO)
  const { status, stdout } = await batch(['--dry-run'])
  assert.deepEqual([status, torrents()], [0, []])
  assert.match(stdout, /^would write .*a\.iso\.torrent/m)
  assert.match(stdout, /^would create .*x\.torrent/m)
})

test('--dry-run finds two jobs that would write the same file', async (t) => {
  const { batch, at } = makePlace(
    t,
    `defaults: {trackerless: true}
jobs:
  a: {makemetafile: {path: a.iso, output: c.torrent}}
  b: {makemetafile: {path: b.iso, output: c.torrent}}
  c: {makemetafile: {path: b.iso}}
  d: {edit: {path: b.iso.torrent, comment: new}}
`,
  )
  await runBtkit(['makemetafile', at('b.iso'), '--trackerless'])
  const { status, stderr } = await batch(['--dry-run', '--quiet'])
  const taken = (path: string, job: string) =>
    `${at(path)}: job ${job} of this batch wrote it; use another path`
  assert.equal(status, 1)
  assert.match(stderr, new RegExp(`^btkit: b: ${taken('c.torrent', 'a')}$`, 'm'))
  assert.match(stderr, new RegExp(`^btkit: d: ${taken('b.iso.torrent', 'c')}$`, 'm'))
})

test('--dry-run publishes nothing, and leaves out torrents that are not made yet', async (t) => {
  const client = "client: 'transmission+http://127.0.0.1:1'"
  const { batch, at } = makePlace(
    t,
    `jobs:
  there: {publish: {path: a.iso.torrent, ${client}}}
  later: {publish: {path: b.iso.torrent, ${client}}}
`,
  )
  await runBtkit(['makemetafile', at('a.iso'), '--trackerless'])
  const { status, stdout } = await batch(['--dry-run', '--json'])
  const [there, totals] = jsonLines(stdout)
  const [result] = there!['results'] as Record<string, unknown>[]
  assert.deepEqual([status, there!['job'], totals!['jobs']], [1, 'there', 1])
  assert.deepEqual([result!['dryRun'], result!['code']], [true, 'unreachable'])
})

test('--json prints a line for each job and one for the totals', async (t) => {
  const { batch, at } = makePlace(t, TWO)
  const { status, stdout } = await batch(['--json'])
  const [image, all, totals] = jsonLines(stdout)
  assert.equal(status, 0)
  assert.deepEqual(Object.keys(image!), [
    ...['job', 'command', 'status', 'results', 'messages', 'seconds'],
  ])
  const [made] = image!['results'] as { torrent: string }[]
  assert.deepEqual([image!['job'], made!.torrent], ['image', at('a.iso.torrent')])
  const [report] = all!['results'] as { created: unknown[] }[]
  assert.deepEqual([all!['command'], report!.created.length], ['completedir', 2])
  const { seconds, ...rest } = totals!
  assert.deepEqual([typeof seconds, rest], ['number', { jobs: 2, failed: 0, status: 0 }])
})

for (const [what, jobs, clash] of [
  [
    'two torrents',
    'a: {makemetafile: {path: a.iso, output: c.torrent}}\n  b: {makemetafile: {path: b.iso, output: ./out/../c.torrent}}',
    'c.torrent',
  ],
  [
    'entries of the same name',
    'a: {completedir: {path: d, output: out}}\n  b: {completedir: {path: e, output: out}}',
    'out/x.torrent',
  ],
  [
    'a torrent and that of an entry',
    'a: {completedir: {path: d, output: out}}\n  b: {makemetafile: {path: a.iso, output: out/y.torrent}}',
    'out/y.torrent',
  ],
  [
    'a torrent and its edit',
    'a: {makemetafile: {path: a.iso}}\n  b: {edit: {path: a.iso.torrent, comment: c}}',
    'a.iso.torrent',
  ],
] as const) {
  test(`${what} at one place: the second job does not replace the file of the first`, async (t) => {
    const { batch, torrent, at } = makePlace(t, `jobs:\n  ${jobs}\n`)
    const { status, stderr } = await batch(['--quiet'])
    assert.equal(status, 1)
    assert.match(
      stderr,
      /^btkit: b: .*: (job a of this batch wrote it|is the torrent of|another torrent)/,
    )
    assert.ok(stderr.includes(at(clash)))
    const alone = await makePlaceOfFirst(t, jobs)
    assert.deepEqual(torrent(clash).info, alone.torrent(clash).info)
  })
}

/** The same with the first job only. */
async function makePlaceOfFirst(t: TestContext, jobs: string) {
  const place = makePlace(t, `jobs:\n  ${jobs}\n`)
  await place.batch(['--only', 'a'])
  return place
}

test('directories whose entries differ may share a target', async (t) => {
  const job = (path: string) => `${path}: {completedir: {path: ${path}, output: out}}`
  const { batch, torrents, at } = makePlace(t, `jobs:\n  ${job('d')}\n  ${job('f')}\n`)
  plantFiles(at('f'), { z: 'z' })
  const { status, stderr } = await batch()
  assert.deepEqual([status, /locked|another/.test(stderr)], [0, false])
  assert.deepEqual(torrents(), ['out/x.torrent', 'out/y.torrent', 'out/z.torrent'])
})

for (const [what, yaml, message] of [
  [
    'an unknown option',
    'j: {makemetafile: {path: a.iso, comentt: x}}',
    /:3:35: unknown option "comentt"; did you mean "comment"\?/,
  ],
  [
    'a wrong value',
    'j: {makemetafile: {path: a.iso, piece-length: 7}}',
    /:3:49: piece-length '7': /,
  ],
  [
    'an unknown command',
    'j: {makemetfile: {path: a.iso}}',
    /:3:7: no command "makemetfile" for jobs; did you mean "makemetafile"\?/,
  ],
  ['no path', 'j: {makemetafile: {comment: x}}', /:3:3: j: has no path/],
  ['an empty path', 'j: {makemetafile: {path: ""}}', /:3:28: path: must be a path, or a list/],
  ['no command', 'j: {}', /:3:3: j: has no command; a job is NAME: \{COMMAND: OPTIONS\}, with/],
  [
    'a second command',
    'j: {edit: {path: a}, hash: {path: a}}',
    /:3:24: j: has a second command; a job is NAME/,
  ],
  [
    'options that exclude each other',
    'j: {completedir: {path: d, adopt: true, force: true}}',
    /:3:3: j: --adopt and --force cannot be used together/,
  ],
  [
    'an option of the batch',
    'j: {makemetafile: {path: a.iso, json: true}}',
    /:3:35: json: is for all jobs; use btkit batch --json/,
  ],
  [
    'standard output',
    'j: {makemetafile: {path: a.iso, output: "-"}}',
    /output '-': jobs have no standard streams/,
  ],
  [
    'a preset that there is not',
    'j: {makemetafile: {path: a.iso, preset: none}}',
    /there is no preset none/,
  ],
] as const) {
  test(`${what} is an error with its place, and no job runs`, async (t) => {
    const good = 'good: {makemetafile: {path: b.iso}}'
    const { batch, torrents, at } = makePlace(t, `jobs:\n  # the first\n  ${yaml}\n  ${good}\n`)
    const { status, stderr } = await batch()
    assert.deepEqual([status, torrents()], [2, []])
    assert.ok(stderr.startsWith(`btkit: ${at('batch.yaml')}:3:`), stderr)
    assert.match(stderr, message)
  })
}

for (const [yaml, message] of [
  ['', ': has no jobs'],
  ['defalts: {}\n', ':1:1: unknown key "defalts"; did you mean "defaults"?'],
  ['x: 1\n', ':1:1: unknown key "x"; a batch file has defaults and jobs'],
  [
    'defaults: {comentt: x}\njobs: {}\n',
    ':1:12: unknown option "comentt"; did you mean "comment"?',
  ],
] as const) {
  test(`a batch file of ${JSON.stringify(yaml)} is an error`, async (t) => {
    const { batch, at } = makePlace(t, yaml)
    assertError(await batch(), 'usage', at('batch.yaml') + message)
  })
}

test('jobs as a list are an error that shows how to name them', async (t) => {
  const { batch, at } = makePlace(t, 'jobs:\n  - makemetafile: {path: a.iso}\n')
  const message = "2:3: jobs: a list; each job needs a name: 'NAME: {COMMAND: {…}}'"
  assertError(await batch(), 'usage', `${at('batch.yaml')}:${message}`)
})

test('edit and publish are jobs, too', async (t) => {
  const { batch, at, torrent } = makePlace(
    t,
    `jobs:
  comment: {edit: {path: [a.iso.torrent], comment: edited}}
  seed: {publish: {path: a.iso.torrent, client: 'transmission+http://127.0.0.1:1'}}
`,
  )
  await runBtkit(['makemetafile', at('a.iso'), '--trackerless'])
  const { status, stderr } = await batch(['--quiet'])
  assert.equal(torrent('a.iso.torrent')['comment'], 'edited')
  assert.equal(status, 1)
  assert.match(stderr, /^btkit: seed: .*127\.0\.0\.1:1/m)
})

test('edit takes no values from the defaults of a batch, and its own tracker', async (t) => {
  const { batch, at, torrent } = makePlace(
    t,
    `defaults: {announce: 'http://default.example/', web-seed: ['http://w.example/'], private: true}
jobs:
  comment: {edit: {path: [a.iso.torrent], comment: edited}}
  tracker: {edit: {path: [b.iso.torrent], announce: 'http://new.example/'}}
`,
  )
  for (const name of ['a.iso', 'b.iso'])
    await runBtkit(['makemetafile', at(name), 'http://old.example/'])
  const { status, stderr } = await batch(['--quiet'])
  assert.deepEqual([status, stderr], [0, ''])
  const [one, other] = [torrent('a.iso.torrent'), torrent('b.iso.torrent')]
  assert.deepEqual([one['announce'], one['comment']], ['http://old.example/', 'edited'])
  assert.deepEqual([one['url-list'], other['url-list']], [undefined, undefined])
  assert.equal(other['announce'], 'http://new.example/')
})

test('after a signal no further job begins', async (t) => {
  const { batch, torrents } = makePlace(t, TWO)
  const { status, stderr } = await batch([], { signal: AbortSignal.abort() })
  assert.deepEqual([status, torrents()], [1, []])
  assert.match(stderr, /interrupted/)
})

longTest('Ctrl-C ends the running job and all after it; finished torrents stay', async (t) => {
  const slow = 'makemetafile: {path: big, trackerless: true, max-rate: 1M}'
  const jobs = ['makemetafile: {path: a.iso, trackerless: true}', slow, slow.replace('big', 'd')]
  const lines = jobs.map((job, at) => `  job${at}: {${job}}\n`).join('')
  const { torrents, at } = makePlace(t, `jobs:\n${lines}`)
  // Holes take no time
  plantFiles(at(), { big: pseudoRandom(64 * 1024 * 1024) })
  const { child, ended } = startCollecting('btkit', ['batch', at('batch.yaml')])
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.kill('SIGINT')
  const { status, stderr } = await ended
  assert.deepEqual([status, torrents()], [130, ['a.iso.torrent']])
  assert.match(stderr, /^btkit: interrupted$/m)
})

for (const how of ['--config', 'BTKIT_CONFIG'] as const) {
  test(`a relative ${how} is below the directory of the caller`, async (t) => {
    const { batch, torrent } = makePlace(t, 'jobs: {a: {makemetafile: {path: a.iso}}}')
    const cwd = makeScratch(t, { 'c.yaml': 'makemetafile: {announce: http://c.example/a}' })
    const { status, stderr } = await (how === '--config'
      ? batch(['--config', 'c.yaml'], { cwd })
      : batch([], { cwd, env: { BTKIT_CONFIG: 'c.yaml' } }))
    assert.deepEqual([status, stderr], [0, ''])
    assert.equal(torrent('a.iso.torrent').announce, 'http://c.example/a')
  })
}
