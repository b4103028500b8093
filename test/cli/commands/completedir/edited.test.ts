import assert from 'node:assert/strict'
import {
  appendFileSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { test } from 'node:test'
import { decodeTorrent, independentInfoHash } from '../../../support/decode-torrent.js'
import { aheadOfFiles, entriesOf, Mirror } from '../../../support/mirror.js'
import { assertQuiet, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { TRACKER } from '../../../support/torrents.js'

const OTHER = 'http://other.example/announce'

async function edit(args: readonly string[]): Promise<void> {
  assertStatus(await runBtkit(args), 0)
}

function torrentOf(mirror: Mirror, name = 'a'): Record<string, unknown> {
  return decodeTorrent(readFileSync(mirror.torrent(name)))
}

/** Edits beside `info`, by the command that makes them and what a torrent says then. */
const EDITS: readonly (readonly [
  what: string,
  args: (torrent: string) => readonly string[],
  values: Record<string, unknown>,
])[] = [
  ['reannounce', (torrent) => ['reannounce', OTHER, torrent], { announce: OTHER }],
  [
    'edit --comment',
    (torrent) => ['edit', '--comment', 'by hand', torrent],
    { comment: 'by hand' },
  ],
  ['edit --no-comment', (torrent) => ['edit', '--no-comment', torrent], { comment: undefined }],
  [
    'edit --created-by',
    (torrent) => ['edit', '--created-by', 'me', torrent],
    { 'created by': 'me' },
  ],
  ['edit --date', (torrent) => ['edit', '--date', '99', torrent], { 'creation date': 99 }],
  [
    'edit --web-seed',
    (torrent) => ['edit', '--web-seed', 'http://w.example/a', torrent],
    { 'url-list': ['http://w.example/a'] },
  ],
]

for (const [what, args, values] of EDITS) {
  test(`after ${what} a torrent stays as it is, silently, until its content changes`, async (t) => {
    const mirror = new Mirror(t, { a: 'a', b: 'b' })
    const options = ['--comment', 'ours', '--date', '1']
    await mirror.report(options)
    await edit(args(mirror.torrent('a')))
    const edited = readFileSync(mirror.torrent('a'))
    for (let i = 0; i < 2; i++) {
      const { status, stdout, stderr } = await mirror.run(['--quiet', ...options])
      assert.deepEqual([status, stdout, stderr], [0, '', ''])
      assert.deepEqual(readFileSync(mirror.torrent('a')), edited)
    }
    const { unchanged, skipped, bytesHashed } = await mirror.report(options)
    assert.deepEqual([unchanged, skipped, bytesHashed], [2, [], 0])
    writeFileSync(mirror.at('a'), 'more')
    assert.deepEqual(entriesOf((await mirror.report(options)).updated), ['a'])
    const torrent = torrentOf(mirror)
    for (const [key, value] of Object.entries(values)) assert.deepEqual(torrent[key], value)
    assert.equal((torrent['info'] as { length: number }).length, 4)
    assert.equal((await mirror.report(options)).unchanged, 2)
  })
}

test('a refreshed torrent has the info of a fresh one, and what was edited beside it', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' })
  await edit(['reannounce', OTHER, mirror.torrent('a')])
  for (const content of ['A', 'AA', 'AAA']) {
    writeFileSync(mirror.at('a'), content)
    await mirror.report()
    assert.equal(torrentOf(mirror)['announce'], OTHER)
  }
  const refreshed = independentInfoHash(readFileSync(mirror.torrent('a')))
  await mirror.report(['--force'])
  assert.equal(independentInfoHash(readFileSync(mirror.torrent('a'))), refreshed)
  await mirror.checkAgainstFresh()
})

test('options reach the keys that nobody edited, and no others', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' }, ['--comment', 'one'])
  await edit(['reannounce', OTHER, mirror.torrent('a')])
  const { updated } = await mirror.report(['--comment', 'two', '--web-seed', 'http://w.example/'])
  assert.deepEqual(entriesOf(updated), ['a'])
  const { announce, comment, 'url-list': seeds } = torrentOf(mirror)
  assert.deepEqual([announce, comment, seeds], [OTHER, 'two', ['http://w.example/']])
  await mirror.report()
  const after = torrentOf(mirror)
  assert.deepEqual(
    [after['announce'], after['comment'], after['url-list']],
    [OTHER, undefined, undefined],
  )
})

const [NEW, BACKUP] = ['http://new.example/announce', 'udp://backup.example:6969']

/** Completes for another tracker than mirrors have. */
async function completeFor(tracker: string, mirror: Mirror): Promise<void> {
  const args = mirror.args(['--quiet']).map((arg) => (arg === TRACKER ? tracker : arg))
  assertQuiet(await runBtkit(args, { now: aheadOfFiles }))
}

test('if a torrent got another tracker, clients use that of the command line, even a new one', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' })
  await edit(['reannounce', '--add-tracker', BACKUP, mirror.torrent('a')])
  for (const tracker of [NEW, OTHER, OTHER, NEW]) {
    await completeFor(tracker, mirror)
    const { announce, 'announce-list': list } = torrentOf(mirror)
    assert.deepEqual([announce, list], [tracker, [[tracker], [BACKUP]]])
  }
})

test('an edited announce stays first when the torrent gets a list, and the list is kept current', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' })
  await edit(['reannounce', OTHER, mirror.torrent('a')])
  for (const list of [
    [TRACKER, NEW],
    [TRACKER, BACKUP],
    [TRACKER, BACKUP],
    [TRACKER, OTHER],
  ]) {
    await mirror.report(['--announce-list', list.join('|')])
    const { announce, 'announce-list': tiers } = torrentOf(mirror)
    const missing = list.includes(OTHER) ? [] : [OTHER]
    const wanted = [...missing, ...list].map((tracker) => [tracker])
    assert.deepEqual([announce, tiers], [OTHER, wanted])
  }
  await mirror.report()
  assert.equal(torrentOf(mirror)['announce-list'], undefined)
})

test('a value edited to the wanted one counts as unedited again', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' }, ['--comment', 'one'])
  await edit(['edit', '--comment', 'two', mirror.torrent('a')])
  await mirror.report(['--comment', 'two'])
  await mirror.report(['--comment', 'three'])
  assert.equal(torrentOf(mirror)['comment'], 'three')
})

test('unknown keys are preserved', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' })
  const text = readFileSync(mirror.torrent('a'), 'latin1')
  writeFileSync(mirror.torrent('a'), `${text.slice(0, -1)}9:publisher2:mee`, 'latin1')
  writeFileSync(mirror.at('a'), 'A')
  await mirror.report()
  assert.equal(torrentOf(mirror)['publisher'], 'me')
})

/** Edits that cannot be preserved when a torrent is updated. */
const LEFT: Record<string, (torrent: string) => Promise<void> | void> = {
  renamed: (torrent) => edit(['rename', torrent, 'other']),
  'made private': (torrent) => edit(['edit', '--private', torrent]),
  'given a source tag': (torrent) => edit(['edit', '--source', 'tag', torrent]),
  damaged: (torrent) => {
    appendFileSync(torrent, 'x')
  },
  'replaced by something else': (torrent) => {
    writeFileSync(torrent, 'notes')
  },
}

for (const [what, change] of Object.entries(LEFT)) {
  test(`a torrent that was ${what} stays and is reported in each run, even with --quiet`, async (t) => {
    const mirror = await Mirror.made(t, { a: 'a', b: 'b' })
    await change(mirror.torrent('a'))
    const left = readFileSync(mirror.torrent('a'))
    const said = `btkit: ${mirror.torrent('a')}: changed since completedir wrote it, so btkit does not update it; for a new one, move it away and run again\n`
    for (const content of ['a', 'A', 'A']) {
      writeFileSync(mirror.at('a'), content)
      const { status, stdout, stderr } = await mirror.run(['--quiet'])
      assert.deepEqual([status, stdout, stderr], [1, '', said])
      assert.deepEqual(readFileSync(mirror.torrent('a')), left)
    }
    assert.deepEqual((await mirror.report()).skipped, [{ ...mirror.paths('a'), reason: 'edited' }])
    assert.deepEqual(entriesOf((await mirror.report(['--force'])).updated), ['a'])
    await mirror.checkAgainstFresh()
  })
}

test('an edit is recognized even if the cache was lost, without reading content', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' })
  await edit(['reannounce', OTHER, mirror.torrent('a')])
  rmSync(mirror.cache, { recursive: true })
  const { unchanged, bytesHashed } = await mirror.report()
  assert.deepEqual([unchanged, bytesHashed], [1, 0])
})

test('a deleted edited torrent is made again, and no other edit is lost', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a', b: 'b' })
  await edit(['rename', mirror.torrent('a'), 'other'])
  await edit(['reannounce', OTHER, mirror.torrent('b')])
  rmSync(mirror.torrent('a'))
  assert.deepEqual(entriesOf((await mirror.report()).created), ['a'])
  assert.equal(torrentOf(mirror, 'b')['announce'], OTHER)
})

test('a torrent that became a link to something empty stays', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' })
  rmSync(mirror.torrent('a'))
  symlinkSync('/dev/null', mirror.torrent('a'))
  assert.equal((await mirror.report()).skipped[0]?.reason, 'edited')
  assert.equal(readlinkSync(mirror.torrent('a')), '/dev/null')
})
