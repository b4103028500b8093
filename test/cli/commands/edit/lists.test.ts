import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'

const [A, B, C] = ['http://a.example/', 'http://b.example/', 'http://c.example/']
const [ONE, TWO, THREE] = ['1', '2', '3'].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
]

const TORRENT = torrentOf(singleFileInfo(), {
  announce: A,
  'announce-list': [[A], [B]],
  'url-list': [A, B],
  httpseeds: [A, B],
  nodes: [
    ['a.example', 1],
    ['::1', 2],
  ],
  similar: [Buffer.from(ONE, 'hex'), Buffer.from(TWO, 'hex')],
  collections: ['one', 'two'],
})

/** The values of `--field` after an edit. */
async function after(t: TestContext, args: readonly string[], field: string): Promise<string[]> {
  const path = join(makeScratch(t, { a: TORRENT }), 'a')
  const { status, stderr } = await runBtkit(['edit', ...args, path])
  assert.equal(status, 0)
  assert.match(stderr, /^(?:btkit: .* has no tracker any more\n)?btkit: 1 of 1 torrent changed\n$/)
  assert.equal(
    parseMetainfo(readFileSync(path)).infoHash,
    parseMetainfo(TORRENT).infoHash,
    'nothing of this is in info',
  )
  const { stdout } = await runBtkit(['showmetainfo', '--field', field, path])
  return stdout.split('\n').slice(0, -1)
}

/** For each list two values that are in it, and one that is not. */
const LISTS: Record<string, { field: string; values: [string, string, string] }> = {
  tracker: { field: 'announce-list', values: [A, B, C] },
  'web-seed': { field: 'web-seeds', values: [A, B, C] },
  'http-seed': { field: 'http-seeds', values: [A, B, C] },
}

for (const [list, { field, values }] of Object.entries(LISTS)) {
  const [first, second, other] = values
  test(`each ${list} can be added, removed and replaced`, async (t) => {
    assert.deepEqual(await after(t, [`--add-${list}`, other], field), [first, second, other])
    const set = [`--${list}`, other, `--${list}`, second]
    assert.deepEqual(await after(t, set, field), [other, second])
    for (const none of ['', '0']) assert.deepEqual(await after(t, [`--${list}`, none], field), [])
    const both = [`--remove-${list}`, first, `--add-${list}`, other]
    assert.deepEqual(await after(t, both, field), [second, other])
  })
}

test('removing all but one tracker leaves only announce', async (t) => {
  assert.deepEqual(await after(t, ['--remove-tracker', A], 'announce'), [B])
})

test('commas separate the trackers of a tier', async (t) => {
  const args = ['--tracker', `${C},${B}`, '--tracker', A]
  assert.deepEqual(await after(t, args, 'announce-list'), [`${C},${B}`, A])
})

test('any other key is set and removed, also in info', async (t) => {
  const path = join(makeScratch(t, { a: TORRENT }), 'a')
  const edit = async (...args: string[]) => {
    const { status, stderr } = await runBtkit(['edit', ...args, path])
    assert.deepEqual(
      [status, stderr.includes('a new info hash')],
      [0, args.join().includes('info.')],
    )
    return parseMetainfo(readFileSync(path))
  }
  const nodes = await edit('--set', 'nodes=[["c.example",3]]', '--set', `similar=["${THREE}"]`)
  assert.deepEqual(nodes.nodes, [{ host: 'c.example', port: 3 }])
  assert.deepEqual(nodes.similar, [THREE])
  const { collections, bytes } = await edit('--set', 'info.x=[1,"b"]', '--unset', 'collections')
  assert.equal(collections, null)
  assert.ok(Buffer.from(bytes).includes('1:xli1e1:be'))
  const { similar, infoHash } = await edit('--unset', 'info.x', '--unset', 'similar')
  assert.deepEqual([similar, infoHash], [null, parseMetainfo(TORRENT).infoHash])
})

for (const [args, message] of [
  [['--set', 'similar=["abc"]'], "info hash 'abc': not 40 hexadecimal digits"],
  [['--add-http-seed', 'x'], "HTTP seed 'x': not an http, https or ftp URL"],
  [['--set', 'announce="x"'], '--set announce: use --tracker instead'],
  [['--unset', 'info.pieces'], '--unset info.pieces: btkit computes this key from the content'],
  [['--unset', 'x', '--set', 'x=1'], 'x: give --set or --unset once for a key'],
] as const) {
  test(`edit ${args.join(' ')} is refused in one line`, async (t) => {
    const path = join(makeScratch(t, { a: TORRENT }), 'a')
    const { status, stderr } = await runBtkit(['edit', path, ...args])
    assert.deepEqual([status, stderr], [2, `btkit: ${message}\n`])
    assert.deepEqual(readFileSync(path), Buffer.from(TORRENT))
  })
}

test('a dry run says what a list would become, and writes nothing', async (t) => {
  const path = join(makeScratch(t, { a: TORRENT }), 'a')
  const { stdout } = await runBtkit(['edit', '--dry-run', '--add-web-seed', C, path])
  assert.equal(
    stdout,
    `would change ${path}\nold web seeds for ${path}: ${A}|${B}\n` +
      `new web seeds for ${path}: ${A}|${B}|${C}\n`,
  )
  assert.deepEqual(readFileSync(path), Buffer.from(TORRENT))
})

test('all are removed before one is added', async (t) => {
  assert.deepEqual(await after(t, ['--web-seed', '', '--add-web-seed', C], 'web-seeds'), [C])
})

test('a directory is refused: its torrents must be named', async (t) => {
  const directory = makeScratch(t)
  const { status, stderr } = await runBtkit(['edit', '--comment', 'x', directory])
  const hint = `is a directory; name its torrents: ${directory}/*.torrent`
  assert.deepEqual([status, stderr], [1, `btkit: ${directory}: ${hint}\n`])
})

test('removing a value that no torrent has causes a warning', async (t) => {
  const directory = makeScratch(t, { a: TORRENT, b: torrentOf(singleFileInfo()) })
  const torrents = [join(directory, 'a'), join(directory, 'b')]
  for (const [list, { values }] of Object.entries(LISTS)) {
    const args = ['edit', '--dry-run', ...values.flatMap((value) => [`--remove-${list}`, value])]
    const { status, stderr } = await runBtkit([...args, ...torrents])
    const warning = `btkit: warning: --remove-${list} ${values[2]}: no torrent has it\n`
    assert.deepEqual([status, stderr.includes(warning)], [0, true], stderr)
    assert.equal(stderr.match(/no torrent has it/g)?.length, 1)
  }
  const { stderr } = await runBtkit(['reannounce', '--remove', C, '--remove', A, ...torrents])
  assert.match(stderr, /--remove http:..c\.example.: no torrent has it\n/)
  assert.doesNotMatch(stderr, /--remove http:..a/)
})

test('options that contradict each other are refused, and nothing is changed', async (t) => {
  const path = join(makeScratch(t, { a: TORRENT }), 'a')
  for (const [why, ...args] of [
    ['--comment and --no-comment cannot be used together', '--comment', 'c', '--no-comment'],
    ['--private and --no-private cannot be used together', '--no-private', '--private'],
    ['--date and --no-date cannot be used together', '--date', '0', '--no-date'],
    [
      `${A}: --add-tracker and --remove-tracker cannot be used together`,
      '--remove-tracker',
      A,
    ].concat('--add-tracker', A),
    [`${C}: --http-seed and --remove-http-seed cannot be used together`, '--http-seed', C].concat(
      '--remove-http-seed',
      C,
    ),
  ]) {
    const { status, stderr } = await runBtkit(['edit', ...args, path])
    assert.deepEqual([status, stderr], [2, `btkit: ${why}\n`])
  }
  assert.deepEqual(readFileSync(path), Buffer.from(TORRENT))
})

test('--announce, -a and --tracker replace the trackers', async (t) => {
  for (const args of [['--announce', C], ['-a', C], ['--tracker', C], [`--tracker=${C}`]])
    assert.deepEqual(await after(t, args, 'announce'), [C])
  assert.deepEqual(await after(t, ['--web-seed', C], 'web-seeds'), [C])
})

test('an option that sets a list has no meaning without its value', async (t) => {
  const path = join(makeScratch(t, { a: TORRENT }), 'a')
  const { status, stderr } = await runBtkit(['edit', path, '--tracker'])
  assert.deepEqual([status, stderr], [2, 'btkit: --tracker: its value is missing\n'])
  assert.deepEqual(readFileSync(path), Buffer.from(TORRENT))
})

test('a configuration sets the tracker of edit by any of its names, but not by defaults', async (t) => {
  const directory = makeScratch(t, { a: TORRENT })
  const config = join(directory, 'c.yaml')
  const edit = async (yaml: string) => {
    writeFileSync(join(directory, 'a'), TORRENT)
    writeFileSync(config, yaml)
    const { stderr } = await runBtkit([
      'edit',
      '--config',
      config,
      '--comment=x',
      join(directory, 'a'),
    ])
    assert.equal(stderr.split('\n').at(-2), 'btkit: 1 of 1 torrent changed', stderr)
    const { stdout } = await runBtkit(['config', 'check', config])
    assert.equal(stdout, `${config}: nothing wrong\n`)
    return parseMetainfo(readFileSync(join(directory, 'a'))).announce
  }
  assert.equal(await edit(`edit: {announce: '${C}'}`), C)
  assert.equal(await edit(`edit: {tracker: '${C}'}`), C)
  assert.equal(await edit("edit: {tracker: ''}"), null)
  assert.equal(await edit(`defaults: {announce: '${C}'}`), A)
})
