import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertHolds } from '../../support/clients.js'
import { FILES, MINE, only, plant, seeded } from '../../support/download.js'
import { runExecutable, startCollecting } from '../../support/executable.js'
import { longTest } from '../../support/long.js'
import { unlessInstalled, unlessLibtorrent, unlessVersion } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { assertError, assertStatus, parseJson, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { until } from '../../support/until.js'
import { serveLocally } from '../../support/listen.js'

const withRtorrent = unlessInstalled('rtorrent')
const withAria2 = { skip: unlessLibtorrent.skip || unlessInstalled('aria2c').skip }

longTest('a torrent is fetched from its URL', withAria2, async (t) => {
  const { torrent } = await seeded(t)
  const port = await serveLocally(t, (request, response) => {
    if (request.url === '/a.torrent') response.end(readFileSync(torrent))
    else response.writeHead(404).end()
  })
  const base = `http://127.0.0.1:${port}`
  const to = makeScratch(t)
  const [env, place] = [only(t, 'aria2c'), ['--output', `${to}/`, ...MINE]]
  const none = await runExecutable('btkit', ['download', `${base}/none`, ...place], { env })
  assert.deepEqual(
    [none.status, none.stderr],
    [
      1,
      `btkit: ${base}/none: HTTP status 404
`,
    ],
  )
  const got = await runExecutable('btkit', ['download', `${base}/a.torrent`, ...place], { env })
  assert.equal(got.status, 0, got.stderr)
  assertHolds(to, FILES)
})

longTest('files that are of no such torrent are not downloaded over', withAria2, async (t) => {
  const { torrent } = await seeded(t, { 'one.bin': pseudoRandom(100_000) })
  const to = makeScratch(t, { 'one.bin': 'a thesis' })
  const args = ['download', torrent, '--output', `${to}/`, ...MINE]
  const env = only(t, 'aria2c')
  const refused = await runExecutable('btkit', args, { env })
  const why = 'already exists, and nothing of it is in the torrent (--force overwrites one.bin)'
  assert.deepEqual(
    [refused.status, refused.stderr],
    [
      1,
      `btkit: ${to}/one.bin: ${why}
`,
    ],
  )
  assertHolds(to, { 'one.bin': 'a thesis' })
  assertStatus(await runExecutable('btkit', [...args, '--force'], { env }), 0)
  assert.equal(statSync(join(to, 'one.bin')).size, 100_000)
})

test('what is whole already takes no client', async (t) => {
  const { torrent, source } = await plant(t)
  const args = ['download', torrent, '--output', `${source}/`, '--no-cache']
  const { status, stdout } = await runExecutable('btkit', args, { env: { PATH: makeScratch(t) } })
  assert.deepEqual([status, stdout], [0, `${source}/release: whole, 1.5 MiB\n`])
})

test('of what was not read only the size is told', async (t) => {
  const { torrent } = await plant(t, { 'one.bin': pseudoRandom(100_000) })
  const to = makeScratch(t, { 'one.bin': pseudoRandom(100_000, 2) })
  const args = ['download', torrent, '--output', `${to}/`, '--check-hashes', '0', '--no-cache']
  const { status, stdout } = await runBtkit(args)
  const what = 'the right size, not read (--no-check-hashes)'
  assert.deepEqual([status, stdout], [0, `${to}/one.bin: ${what}, 97.7 KiB\n`])
  assert.equal(parseJson(await runBtkit([...args, '--json']))['whole'], null)
})

longTest('what a damaged file lacks is downloaded', withAria2, async (t) => {
  const { torrent } = await seeded(t)
  const to = makeScratch(t, FILES)
  const file = join(to, 'release/a/one.bin')
  const damaged = readFileSync(file)
  damaged.fill(0, 100_000, 200_000)
  writeFileSync(file, damaged)
  const args = ['download', torrent, '--output', `${to}/`, ...MINE]
  assertStatus(await runExecutable('btkit', args, { env: only(t, 'aria2c') }), 0)
  assertHolds(to, FILES)
})

longTest('a directory with other files gets the content under its name', withAria2, async (t) => {
  const { torrent } = await seeded(t)
  const to = makeScratch(t, { 'mine.txt': 'mine' })
  const args = ['download', torrent, '--saveas', to, ...MINE]
  assertStatus(await runExecutable('btkit', args, { env: only(t, 'aria2c') }), 0)
  assertHolds(to, { ...FILES, 'mine.txt': 'mine' })
})

longTest('rtorrent does not wait for what only a web seed has', withRtorrent, async (t) => {
  const source = makeScratch(t, { 'one.bin': pseudoRandom(100_000) })
  const [torrent, to] = [join(makeScratch(t), 'a.torrent'), makeScratch(t)]
  const seed = ['--hybrid', '--web-seed', 'http://127.0.0.1:9/one.bin', '--no-cache']
  assertStatus(await runBtkit(['makemetafile', join(source, 'one.bin'), ...seed, '-o', torrent]), 0)
  const args = ['download', torrent, '--output', `${to}/`, ...MINE]
  const { status, stderr } = await runExecutable('btkit', args, { env: only(t, 'rtorrent') })
  const why = 'has no tracker, and rtorrent does not support web seeds'
  const how = 'install Transmission 4 or later, or name another client with --client'
  assert.deepEqual([status, stderr], [1, `btkit: rtorrent: one.bin: ${why}; ${how}\n`])
})

test('the web seeds that rtorrent does not use are named at the start', withRtorrent, async (t) => {
  const source = makeScratch(t, { 'one.bin': pseudoRandom(100_000) })
  const [torrent, to] = [join(makeScratch(t), 'a.torrent'), makeScratch(t)]
  const seed = ['--hybrid', '--web-seed', 'http://127.0.0.1:9/one.bin', '--no-cache']
  const named = [join(source, 'one.bin'), 'http://127.0.0.1:9/announce', '-o', torrent]
  assert.equal((await runBtkit(['makemetafile', ...named, ...seed])).status, 0)
  const args = ['download', torrent, '--output', `${to}/`, ...MINE]
  const { child, ended } = startCollecting('btkit', args, { env: only(t, 'rtorrent'), t })
  let told = ''
  child.stderr.on('data', (text: Buffer) => (told += text.toString()))
  const what = 'only peers are asked, because rtorrent does not support web seeds'
  const how = 'install Transmission 4 or later, or name another client with --client'
  await until('the reason is given', () => told.includes(`one.bin: ${what}; ${how}\n`))
  child.kill('SIGTERM')
  await ended
})

test(
  'a download that the client refuses leaves nothing behind',
  { skip: unlessVersion('aria2c', /^aria2 version 1\.36\./) },
  async (t) => {
    const { torrent } = await plant(t, FILES, ['--hybrid'])
    const [to, env] = [makeScratch(t), only(t, 'aria2c')]
    const args = ['download', torrent, '--output', `${to}/`, ...MINE]
    const { stderr } = assertStatus(await runExecutable('btkit', args, { env }), 1)
    assert.match(stderr, /: aria2 1\.36\.\d+ can't open this hybrid: /)
    assert.deepEqual(readdirSync(to), [])
  },
)

test('--ca-cert without a certificate is refused', unlessInstalled('aria2c'), async (t) => {
  const { torrent } = await plant(t)
  const file = join(makeScratch(t), 'ca.pem')
  writeFileSync(file, 'no certificate')
  const args = ['download', torrent, '--output', `${makeScratch(t)}/`, ...MINE, '--ca-cert', file]
  const refused = await runBtkit(args, { env: only(t, 'aria2c') })
  assertError(refused, 'usage', `--ca-cert ${file}: not a certificate in PEM`)
})

longTest('a directory that is missing is created, and that is told', withAria2, async (t) => {
  const { torrent } = await seeded(t, { 'one.bin': pseudoRandom(100_000) })
  const to = join(makeScratch(t), 'new')
  const args = ['download', torrent, '--output', `${to}/`, ...MINE]
  const { status, stderr } = await runExecutable('btkit', args, { env: only(t, 'aria2c') })
  assert.deepEqual([status, stderr], [0, `btkit: created the directory ${to}\n`])
})
