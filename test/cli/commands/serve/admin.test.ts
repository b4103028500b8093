import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { assertShows, fieldsOf } from '../../../support/visitor.js'
import { plantUsers, visitsOf } from '../../../support/admin.js'
import { filesBelow, torrentNamed } from '../../../support/collection.js'
import { findFreePort } from '../../../support/opentracker.js'
import { assertError, runBtkit } from '../../../support/run-btkit.js'
import { readFeed } from '../../../support/feed.js'
import { ask } from '../../../mirror/ask.js'
import { untilFiles } from '../../../mirror/read-metric.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { makeScratch } from '../../../support/scratch.js'
import { serveMirror } from '../../../support/serve.js'
import { announceQuery } from '../../../support/track.js'
import { longTest } from '../../../support/long.js'

const files = { 'pub/a.iso': 'content' }
const TORRENTS = { 't/linux/readme.txt': '', 'archive/readme.txt': '', 'data/film/a': 'a' }

/** Serves and tracks with administration; `args` come last. */
async function serveAdmin(t: TestContext, ...args: string[]) {
  const root = makeScratch(t, TORRENTS)
  const announce = `http://127.0.0.1:${await findFreePort()}/announce`
  const mirror = await serveMirror(t, {
    files,
    args: [
      ...['--host', '127.0.0.1', '--track', announce, '--state-dir', join(root, 'state')],
      ...['--admin-users', plantUsers(root), '--admin-listen', '127.0.0.1:0', ...args],
    ],
  })
  const admin = visitsOf(mirror.stdout.text)
  const listed = async () => (await fetch(new URL('/catalogue/', announce))).text()
  return { root, mirror, announce, listed, logIn: admin.logIn }
}

longTest(
  'serve --track: a torrent is uploaded, edited, archived, deleted and restored',
  async (t) => {
    const root = makeScratch(t, TORRENTS)
    const [current, archive] = [join(root, 't'), join(root, 'archive')]
    const kept = () =>
      [current, archive].flatMap(filesBelow).filter((name) => /torrent$/.test(name))
    const { logIn, listed } = await serveAdmin(
      t,
      ...['--allowed-dir', current, '--archive-dir', archive],
    )
    const alice = await logIn()
    await alice.upload({ 'a.torrent': torrentNamed('a', 'old') }, { to: '0/linux' })
    assert.deepEqual(kept(), ['linux/a.torrent'])
    const chosen = ['torrent', '0/linux/a.torrent'] as const
    const form = fieldsOf(await alice.post('/torrents', [['act', 'edit'], chosen]))
    await alice.post('/edit', [
      ...form.filter(([name]) => name !== 'comment'),
      ['comment', 'new'],
      ['act', 'save'],
    ])
    assert.equal(parseMetainfo(readFileSync(join(current, 'linux/a.torrent'))).comment, 'new')
    await alice.post('/torrents', [['act', 'delete'], chosen])
    assert.match(kept().join(), /^\.bin\//)
    await alice.post('/bin', fieldsOf(await alice.get('/bin')))
    assert.deepEqual(kept(), ['linux/a.torrent'])
    await alice.post('/torrents', [['act', 'archive'], chosen])
    assert.deepEqual(filesBelow(archive), ['linux/a.torrent', 'readme.txt'])
    assert.match(await listed(), /Archive/)
  },
)

test("serve --track: the mirror's own torrents are counted, and banned by their hash", async (t) => {
  const { logIn, mirror, announce } = await serveAdmin(t, '--warm', '**')
  await untilFiles(mirror.port, 'ready', 1)
  const feed = async () => readFeed((await ask(mirror.port, '/-/feed.xml')).body).length
  assert.equal(await feed(), 1)
  const { infoHash } = parseMetainfo((await ask(mirror.port, '/pub/a.iso.torrent')).body)
  const alice = await logIn()
  const { text } = await alice.get('/')
  assert.match(text, /made by the mirror<\/th>[^]*?>1</)
  assert.doesNotMatch(text, /href="upload"/)
  await alice.post('/bans', { kind: 'torrents', torrents: infoHash ?? '', act: 'ban' })
  const answer = await fetch(new URL(announceQuery(infoHash ?? ''), announce))
  assert.match(await answer.text(), /failure reason/)
  assert.equal(await feed(), 0)
})

test('serve --track: a ban by the hash of version 2 counts for a hybrid torrent, also in the feed', async (t) => {
  const content = pseudoRandom(50_000)
  const place = makeScratch(t, { 'a.iso': content, 't/old.txt': '', banned: '' })
  const torrent = join(place, 't/a.iso.torrent')
  await runBtkit([
    'makemetafile',
    'http://own.example/',
    join(place, 'a.iso'),
    '--hybrid',
    '-o',
    torrent,
  ])
  const { infoHashV2 } = parseMetainfo(readFileSync(torrent))
  const announce = `http://127.0.0.1:${await findFreePort()}/announce`
  const args = ['--host', '127.0.0.1', '--track', announce, '--state-dir', join(place, 'state')]
  const banned = ['--banned-list', join(place, 'banned')]
  const own = ['--torrents', join(place, 't'), '--warm', '**']
  const start = () =>
    serveMirror(t, { files: { 'a.iso': content }, args: [...args, ...banned, ...own] })
  const { port, stop } = await start()
  await untilFiles(port, 'ready', 1)
  const feed = async (at: number) => readFeed((await ask(at, '/-/feed.xml')).body).length
  assert.equal(await feed(port), 1)
  await stop()
  writeFileSync(join(place, 'banned'), `${infoHashV2}\n`)
  const again = await start()
  await untilFiles(again.port, 'ready', 1)
  assert.equal((await ask(again.port, '/a.iso.torrent')).status, 403)
  assert.equal(await feed(again.port), 0)
})

test('serve --track: torrents made in the pages name its tracker', async (t) => {
  const root = makeScratch(t, TORRENTS)
  const data = join(root, 'data')
  const { logIn, announce } = await serveAdmin(
    t,
    ...['--allowed-dir', join(root, 't'), '--make-from', data],
  )
  const { text } = await (await logIn()).get('/make')
  assertShows(text, `\n${announce}</textarea`)
})

const TRACK = ['--track', 'udp://h:1']

for (const [what, args, why] of [
  ['without --track', ['--trackerless', '--admin-users', '/u'], '--admin-users needs --track'],
  ['a list of bans without --track', ['--trackerless', '--banned-list', '/b'], 'needs --track'],
  ['torrents without --track', ['--trackerless', '--allowed-dir', '/t'], 'needs --track'],
  ['a seed without --seed', ['--trackerless', '--seed-port', '0'], '--seed-port needs --seed'],
  ['a rate without --seed', ['--max-upload-rate', '1M'], '--max-upload-rate needs --seed'],
  ['without users', [...TRACK, '--make-from', '/f'], '--make-from needs --admin-users'],
  ['an archive alone', [...TRACK, '--archive-dir', '/a'], 'needs --allowed-dir'],
  [
    'passwords over a network',
    [...TRACK, '--admin-users', '/u', '--admin-listen', '0.0.0.0:1'],
    'in plain text; set --tls-cert',
  ],
] as const) {
  test(`serve refuses options of its tracker: ${what}`, async (t) => {
    assertError(await runBtkit(['serve', makeScratch(t), ...args]), 'usage', why)
  })
}

test('serve refuses passwords and uploads below its root, which is public', async (t) => {
  const root = makeScratch(t)
  const users = plantUsers(root)
  const elsewhere = makeScratch(t)
  const args = ['serve', root, ...TRACK, '--admin-users']
  for (const [option, rest] of [
    ['--admin-users', [users, '--state-dir', elsewhere]],
    ['--state-dir', [plantUsers(elsewhere), '--state-dir', join(root, 'state')]],
  ] as const) {
    const refused = await runBtkit([...args, ...rest])
    assertError(refused, 'usage', `${option} ${root}`, 'whose files are public')
  }
})

test('serve refuses its cache and its state where everybody may download them', async (t) => {
  const root = makeScratch(t, { 'a.iso': 'x' })
  for (const option of ['--cache-dir', '--state-dir']) {
    const place = join(root, 'own')
    const refused = await runBtkit(['serve', root, '--trackerless', option, place])
    assertError(refused, 'usage', `${option} ${place}`, 'whose files are public')
    assert.equal(existsSync(place), false)
    const hidden = [option, join(root, '.own')]
    await serveMirror(t, { root, args: hidden })
    const shown = await runBtkit(['serve', root, '--trackerless', '--hidden', ...hidden])
    assertError(shown, 'usage', 'whose files are public')
  }
})

test('serve refuses its keys and its log where everybody may download them', async (t) => {
  const root = makeScratch(t, { 'a.iso': 'x', 'own.key': '5'.repeat(64) })
  const place = join(root, 'own.key')
  chmodSync(place, 0o600)
  const redis = ['--cache-url', 'redis://127.0.0.1:1', '--share', `m=${root}`]
  const share = [...redis, '--share-key-file', place]
  for (const options of [['--log-file', place], ['--tls-cert', place, '--tls-key', place], share]) {
    const refused = await runBtkit(['serve', root, '--trackerless', ...options])
    assertError(refused, 'usage', `${options.at(-2)} ${place}`, 'whose files are public')
  }
})
