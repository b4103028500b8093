import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { NOW, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { editedGolden, singleFileInfo, torrentOf } from '../../../support/torrents.js'

const BARE = torrentOf(singleFileInfo())
const FULL = torrentOf(singleFileInfo({ private: 1, source: 'S' }), {
  comment: 'c',
  'created by': 'me',
  'creation date': 5,
})
const SET = ['--comment', 'c', '--created_by=me', '--date', '5', '--private', '--source', 'S']
const UNSET = ['--no-comment', '--no-created-by', '--no-date', '--no-private', '--no-source']
const NEW_HASH = 'a new info hash: clients and trackers treat it as a new torrent'
const bareHash = parseMetainfo(BARE).infoHash
const fullHash = parseMetainfo(FULL).infoHash

test('all can be set and removed again, with the hashes printed that change', async (t) => {
  const path = join(makeScratch(t, { a: BARE }), 'a')
  const set = await runBtkit(['edit', path, ...SET])
  assert.deepEqual(readFileSync(path), Buffer.from(FULL))
  assert.equal(
    set.stdout,
    [
      `changed ${path}`,
      `new comment for ${path}: c`,
      `new creator for ${path}: me`,
      `new creation date for ${path}: 1970-01-01T00:00:05Z`,
      `new private flag for ${path}: yes`,
      `new source for ${path}: S`,
      `old info hash for ${path}: ${bareHash}`,
      `new info hash for ${path}: ${fullHash}\n`,
    ].join('\n'),
  )
  assert.equal(set.stderr, `btkit: 1 torrent has ${NEW_HASH}\n` + 'btkit: 1 of 1 torrent changed\n')
  const unset = await runBtkit(['edit', ...UNSET, path])
  assert.deepEqual([unset.status, readFileSync(path)], [0, Buffer.from(BARE)])
})

test('an edit outside info keeps the info hash', async (t) => {
  const path = join(makeScratch(t, { a: FULL }), 'a')
  const { stdout, stderr } = await runBtkit(['edit', path, '--comment', ''])
  assert.deepEqual(
    [stdout, stderr],
    [`changed ${path}\nold comment for ${path}: c\n`, 'btkit: 1 of 1 torrent changed\n'],
  )
  const { comment, createdBy, infoHash } = parseMetainfo(readFileSync(path))
  assert.deepEqual([comment, createdBy, infoHash], [null, 'me', fullHash])
})

for (const [date, seconds] of [
  ['2026-11-20', 1_795_132_800],
  ['2026-11-20T13:00+01:00', 1_795_176_000],
  ['now', NOW],
] as const) {
  test(`edit --date ${date} sets ${seconds}`, async (t) => {
    const path = join(makeScratch(t, { a: BARE }), 'a')
    await runBtkit(['edit', '--date', date, path])
    assert.equal(parseMetainfo(readFileSync(path)).creationDate, seconds)
  })
}

test('trackers and web seeds are added and removed, and the rest stays', async (t) => {
  const [A, B, C] = ['http://a.example/', 'http://b.example/', 'http://c.example/']
  const beside = { announce: A, comment: 'c', 'url-list': [A, B] }
  const path = join(makeScratch(t, { a: torrentOf(singleFileInfo(), beside) }), 'a')
  const trackers = ['--add-tracker', B, '--add-tracker', C, '--remove-tracker', A]
  const seeds = ['--add-web-seed', C, '--add-web-seed', B, '--remove-web-seed', A]
  const { status } = await runBtkit(['edit', path, ...trackers, ...seeds, '--comment', 'd'])
  const expected = {
    announce: B,
    'announce-list': [[B], [C]],
    comment: 'd',
    'url-list': [B, C],
  }
  assert.equal(status, 0)
  assert.deepEqual(readFileSync(path), Buffer.from(torrentOf(singleFileInfo(), expected)))
})

test('setting the current value is not a change', async (t) => {
  const A = 'http://a.example/'
  const beside = { announce: A, 'url-list': A }
  const path = join(makeScratch(t, { a: torrentOf(singleFileInfo(), beside) }), 'a')
  const same = ['--add-tracker', A, '--add-web-seed', A, '--name', 'a.txt', '--remove-tracker', 'x']
  const { stdout, stderr } = await runBtkit(['edit', path, ...same])
  const warning = 'btkit: warning: --remove-tracker x: no torrent has it\n'
  assert.deepEqual([stdout, stderr], ['', `${warning}btkit: 0 of 1 torrent changed\n`])
})

test('the last web seed leaves no key behind', async (t) => {
  const A = 'http://a.example/'
  const path = join(makeScratch(t, { a: torrentOf(singleFileInfo(), { 'url-list': [A] }) }), 'a')
  await runBtkit(['edit', path, '--remove-web-seed', A])
  assert.deepEqual(readFileSync(path), Buffer.from(BARE))
})

test('--name renames a single torrent, together with other changes', async (t) => {
  const root = makeScratch(t, { a: BARE, b: BARE })
  const [a, b] = [join(root, 'a'), join(root, 'b')]
  const { status, stderr } = await runBtkit(['edit', a, b, '--name', 'x'])
  assert.deepEqual([status, stderr], [2, 'btkit: --name works with a single torrent only\n'])
  await runBtkit(['edit', a, '--name', 'x', '--source', 'S', '--comment', 'c'])
  const expected = torrentOf(singleFileInfo({ name: 'x', source: 'S' }), { comment: 'c' })
  assert.deepEqual(readFileSync(a), Buffer.from(expected))
})

for (const [args, message] of [
  [['--add-tracker', 'x'], "tracker 'x': not an http, https, udp, ws or wss URL"],
  [['--add-web-seed', 'x'], "web seed 'x': not an http, https or ftp URL"],
  [['--name', 'a/b'], "name 'a/b': must be a single path component"],
] as const) {
  test(`edit ${args.join(' ')} is refused in one line`, async (t) => {
    const path = join(makeScratch(t, { a: BARE }), 'a')
    const { status, stderr } = await runBtkit(['edit', path, ...args])
    assert.deepEqual([status, stderr], [2, `btkit: ${message}\n`])
    assert.deepEqual(readFileSync(path), Buffer.from(BARE))
  })
}

test('a dry run says so of the hashes too', async (t) => {
  const root = makeScratch(t, { a: BARE, b: BARE })
  const files = [join(root, 'a'), join(root, 'b')]
  const { stderr } = await runBtkit(['edit', '--dry-run', ...files, '--private'])
  assert.equal(
    stderr,
    `btkit: 2 torrents would get ${NEW_HASH}\n` +
      'btkit: 2 of 2 torrents would change; nothing was written\n',
  )
  assert.deepEqual(readFileSync(files[0]!), Buffer.from(BARE))
})

test('nothing to change, or a date that is none, is wrong usage', async (t) => {
  const path = join(makeScratch(t, { a: BARE }), 'a')
  const nothing = await runBtkit(['edit', path])
  assert.equal(nothing.status, 2)
  assert.equal(
    nothing.stderr,
    'btkit: nothing to change; give an option such as --comment or --date\n',
  )
  for (const date of ['x', '-1', '1.5', '8640000000001', 'mtime']) {
    assert.equal((await runBtkit(['edit', path, '--date', date])).status, 2)
  }
})

test('a torrent without its piece layers is edited, with a warning', async (t) => {
  const bare = editedGolden('v2-single.torrent', (top) => top.delete('piece layers'))
  const path = join(makeScratch(t, { a: bare }), 'a')
  const { status, stderr } = await runBtkit(['edit', path, '--comment', 'new'])
  assert.equal(status, 0)
  assert.equal(
    stderr,
    `btkit: warning: ${path}: piece layers of "content.bin": is missing\n` +
      'btkit: 1 of 1 torrent changed\n',
  )
  const { infoHashV2, comment } = parseMetainfo(readFileSync(path))
  assert.deepEqual([infoHashV2, comment], [parseMetainfo(bare).infoHashV2, 'new'])
})
