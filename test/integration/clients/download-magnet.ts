import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { assertHolds } from '../../support/clients.js'
import { FILES, MINE, only, plant } from '../../support/download.js'
import { runExecutable, startExecutable } from '../../support/executable.js'
import { collect } from '../../support/programs.js'
import { linkOf, openlySeededLink, seededLink } from '../../support/magnets.js'
import { unlessInstalled, unlessLibtorrent } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { until } from '../../support/until.js'
import { hurry } from '../../support/quick-times.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'

const NOBODY = 'http://127.0.0.1:9/announce'

/** Downloads by a link with a client of its own, of which nothing else is left. */
async function download(t: TestContext, client: string, link: string) {
  const [to, env] = [makeScratch(t), only(t, client)]
  const args = ['download', link, '--output', `${to}/`, ...MINE]
  const { stdout, stderr } = assertStatus(await runExecutable('btkit', args, { env }), 0)
  assert.equal(stdout.split('\n').at(-2), `${to}/${readdirSync(to)[0]}: whole, 1.5 MiB`)
  assert.deepEqual(readdirSync(env['TMPDIR']!), [])
  return { to, stderr }
}

const LOOKING = 'btkit: looking for peers that have the torrent of the magnet link\n'

const RTORRENT = { skip: unlessLibtorrent.skip || unlessInstalled('rtorrent').skip }

const ARIA2 = {
  skip:
    unlessLibtorrent.skip || unlessInstalled('aria2c').skip || unlessInstalled('opentracker').skip,
}

/** How a program follows magnet links. */
export function testMagnets(client: string): void {
  const options = { skip: unlessInstalled(client).skip }
  test(`the magnet link of btkit serve is downloaded with ${client}`, options, async (t) => {
    const content = pseudoRandom(1_550_000, 7)
    const args = ['--tracker', NOBODY]
    const mirror = await serveMirror(t, { files: { 'one.bin': content }, args })
    const link = (await (await fetch(`${mirror.address}/one.bin.magnet`)).text()).trimEnd()
    assert.match(link, /&ws=.*&xs=/)
    if (client === 'rtorrent') {
      // It knows no web seeds, and what it finds here is the torrent
      const place = ['--output', `${mirror.root}/`, '--seed-time', '0.1', ...MINE]
      const env = only(t, client)
      assertStatus(await runExecutable('btkit', ['download', link, ...place], { env }), 0)
      return
    }
    const { to, stderr } = await download(t, client, link)
    assert.equal(stderr, '')
    assertHolds(to, { 'one.bin': content })
  })

  test(`${client} finds nobody, and is told of in one line`, options, async (t) => {
    const [to, env] = [makeScratch(t), only(t, client)]
    const link = linkOf(await plant(t))
    hurry(t, 'magnet', 500)
    const args = ['download', link, '--output', `${to}/`, ...MINE]
    const { status, stderr } = await runBtkit(args, { env })
    const why = 'btkit: magnet link: no peer sent its torrent within 0.5 seconds\n'
    assert.deepEqual([status, stderr], [1, LOOKING + why])
    assert.deepEqual([readdirSync(to), readdirSync(env['TMPDIR']!)], [[], []])
  })

  if (client === 'aria2c') testFromTracker()
  if (client === 'rtorrent') testFromPeers()
}

function testFromTracker(): void {
  test(
    'aria2 gets the torrent of a magnet link, if the tracker names seeds to everybody',
    ARIA2,
    async (t) => {
      const { to } = await download(t, 'aria2c', await openlySeededLink(t))
      assertHolds(to, FILES)
    },
  )
}

function testFromPeers(): void {
  test('rtorrent gets the torrent of a magnet link from peers', RTORRENT, async (t) => {
    const { to, stderr } = await download(t, 'rtorrent', await seededLink(t))
    assert.equal(stderr, LOOKING)
    assertHolds(to, FILES)
  })

  test('peers are asked when no source has the torrent', RTORRENT, async (t) => {
    const link = await seededLink(t)
    const gone = `http://127.0.0.1:${new URL(NOBODY).port}/a.torrent`
    const { to } = await download(t, 'rtorrent', `${link}&xs=${encodeURIComponent(gone)}`)
    assertHolds(to, FILES)
  })

  test('an interruption ends the search, and the client with it', RTORRENT, async (t) => {
    const env = only(t, 'rtorrent')
    const args = ['download', linkOf(await plant(t)), '--output', `${makeScratch(t)}/`, ...MINE]
    const child = startExecutable('btkit', args, { env, t })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const ended = collect(child)
    await until('searching', () => said === LOOKING)
    child.kill('SIGINT')
    const { status, stderr } = await ended
    assert.deepEqual([status, stderr], [130, `${LOOKING}btkit: interrupted\n`])
    await until('cleaned up', () => readdirSync(env['TMPDIR']!).length === 0)
  })
}
