import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { runProgram } from '../../support/executable.js'
import { unlessInstalled } from '../../support/peers.js'
import { makeScratch } from '../../support/scratch.js'
import { startServe } from '../hostile/process.js'

for (const [where, args, files, name] of [
  ['a port', [], { 'yum/7/a b.rpm': 'x' }, 'a b.rpm'],
  ['a Unix socket', ['--host', './socket'], { 'yum/7/a.rpm': 'x' }, 'a.rpm'],
  ['a port, of a file at the root', [], { 'top.iso': 'x' }, 'top.iso'],
  [
    'a port, of a file with odd characters',
    [],
    { "it's/a&b;$(c)%41 é.rpm": 'x' },
    'a&b;$(c)%41 é.rpm',
  ],
  ['a port, under another name', ['--service-name', 'swarm'], { 'yum/a.rpm': 'x' }, 'a.rpm'],
] as const) {
  test(`the command that it suggests works on ${where}`, unlessInstalled('curl'), async (t) => {
    const directory = makeScratch(t)
    const served = await startServe(t, makeScratch(t, files), { args, cwd: directory })
    const line = /^try: +(.+)$/m.exec(served.stdout())?.[1] ?? ''
    const downloads = makeScratch(t)
    const { status, stderr } = await runProgram('sh', ['-c', line], { cwd: downloads })
    assert.equal(status, 0, stderr)
    const [saved = '', ...others] = readdirSync(downloads)
    assert.deepEqual(others, [])
    const torrent = readFileSync(join(downloads, saved))
    assert.match(saved, /\.torrent$/)
    const { info } = decodeTorrent(torrent)
    // The automatic piece length of makemetafile
    assert.deepEqual([info['name'], info['piece length']], [name, 2 ** 15])
  })
}

test('prints what it serves, where, and with how many trackers', async (t) => {
  const root = makeScratch(t)
  const { address, stdout } = await startServe(t, root)
  const [serving, where, trackers, open, example, ...rest] = stdout().split('\n')
  assert.equal(serving, `serving:  ${root}`)
  assert.equal(where, `address:  ${address}`)
  assert.equal(trackers, 'trackers: no tracker: clients use the web seed and the DHT')
  assert.equal(open, `open:     ${address}/`)
  assert.match(example ?? '', /^try: {6}curl /)
  assert.deepEqual(rest, [''])
})

test("warns of an entry that the service's own address hides", async (t) => {
  const root = makeScratch(t, { '-/health': 'a file' })
  const { address, stderr, stop } = await startServe(t, root)
  assert.match(stderr(), /^btkit: warning: .*\/-.*\n$/)
  assert.equal(await (await fetch(`${address}/-/health`)).text(), 'ok\n')
  assert.equal((await stop()).status, 0)
})

test('does not warn of other entries', async (t) => {
  const root = makeScratch(t, { '--/x': 'x', '-x': 'x', 'a/-/x': 'x' })
  const { stop } = await startServe(t, root)
  assert.equal((await stop()).stderr, '')
})

const TRACKERS_FILE = '/var/lib/torrent_service/trackers'

test('starts without a word on trackers', { skip: existsSync(TRACKERS_FILE) }, async (t) => {
  const root = makeScratch(t, { 'a.iso': 'a' })
  const { address, stdout, stop } = await startServe(t, root, { hasTrackers: true })
  assert.match(stdout(), /^trackers: no tracker: clients use the web seed and the DHT$/m)
  const answer = await fetch(`${address}/a.iso.torrent`)
  const torrent = decodeTorrent(new Uint8Array(await answer.arrayBuffer()))
  assert.equal(torrent['announce'], undefined)
  assert.deepEqual(torrent['url-list'], [`${address}/`])
  assert.deepEqual(await stop().then(({ status, stderr }) => [status, stderr]), [0, ''])
})

test('of all addresses it prints one that a browser can open', async (t) => {
  const { stdout } = await startServe(t, makeScratch(t), { args: ['--host', '::'] })
  const [, page = ''] = /^open: +(.+)$/m.exec(stdout()) ?? []
  assert.doesNotMatch(page, /\[::\]|0\.0\.0\.0/)
  assert.equal(new URL(page).pathname, '/')
})

test('without listings it names the page of the status', async (t) => {
  const { address, stdout } = await startServe(t, makeScratch(t), { args: ['--no-listings'] })
  const [, page = ''] = /^open: +(.+)$/m.exec(stdout()) ?? []
  assert.equal(page, `${address}/-/status`)
  assert.equal((await fetch(page)).status, 200)
})
