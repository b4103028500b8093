import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { listenLocally } from '../../../support/listen.js'
import { assertQuiet, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'

const HASH = '0123456789abcdef0123456789abcdef01234567'
const FORMS = 'xt=urn:btih:HASH or xt=urn:btmh:HASH'
const NOBODY =
  'no tracker (tr=) and no torrent URL (xs=), and btkit does not look in the DHT; ' +
  'open the link in your client, or name a running client with --client'
const VERSION_2 = `magnet:?xt=urn:btmh:1220${'ab'.repeat(32)}&tr=http://127.0.0.1:9/announce`

const REFUSALS: Readonly<Record<string, readonly [status: number, message: string]>> = {
  'ftp://host/a.torrent': [
    2,
    'ftp://host/a.torrent: not supported; use an http, https or magnet URL',
  ],
  'http://127.0.0.1:2/a.torrent': [1, 'http://127.0.0.1:2/a.torrent: nothing listens there'],
  'http://me:secret@127.0.0.1:2/a.torrent': [
    2,
    '127.0.0.1:2: URLs with a user name are not supported; fetch the torrent with another program first',
  ],
  'magnet:': [2, 'magnet link: no ? after magnet:'],
  'magnet:?dn=a': [2, `magnet link: names no torrent by ${FORMS}`],
  'magnet:?xt=urn:btih:123': [2, `magnet link: urn:btih:123: not ${FORMS}`],
  [`magnet:?xt=urn:btih:${HASH}&dn=a`]: [1, `magnet link: has ${NOBODY}`],
  [`magnet:?xt=urn:btih:${HASH}`]: [
    1,
    "magnet link: ends before its first &; if a shell cut it, type it in quotes: 'magnet:?xt=…&tr=…'; " +
      `it has ${NOBODY}`,
  ],
  'no/such.torrent': [1, 'no/such.torrent: no such file or directory'],
  '.': [1, '.: is a directory'],
}

for (const [source, [status, message]] of Object.entries(REFUSALS)) {
  test(`download ${source} is refused in one line`, async (t) => {
    const cwd = makeScratch(t)
    const result = await runBtkit(['download', source, '--no-cache'], { cwd })
    assert.deepEqual([result.status, result.stdout], [status, ''])
    assert.equal(result.stderr, `btkit: ${message}\n`)
    assert.deepEqual(readdirSync(cwd), [])
  })
}

test('a magnet link of version 2 only is refused, because peers do not have all of its torrent', async (t) => {
  const cwd = makeScratch(t)
  const client = ['--client', 'aria2+http://127.0.0.1:1', '--quiet']
  const result = await runBtkit(['download', VERSION_2, '--no-cache', ...client], { cwd })
  assert.equal(result.status, 1)
  const why = 'is of version 2 only, and peers do not send piece layers; use the .torrent file'
  assert.equal(result.stderr, `btkit: magnet link: ${why}\n`)
})

test('unsupported parts of a magnet link are reported', async (t) => {
  const link = `magnet:?xt=urn:btih:${HASH}&so=0&x.pe=127.0.0.1:6881`
  const { stderr } = await runBtkit(['download', link, '--no-cache'], { cwd: makeScratch(t) })
  const [selection, peers] = stderr.split('\n')
  assert.equal(selection, 'btkit: warning: magnet link: so= is ignored; all files are downloaded')
  assert.equal(peers, 'btkit: warning: magnet link: the peers in x.pe= are ignored')
})

test('the peers of a magnet link are not missed if an address in it has the torrent', async (t) => {
  const torrent = torrentOf(singleFileInfo())
  const { infoHash } = parseMetainfo(torrent)
  const server = createServer((_, response) => response.end(torrent))
  const source = `http://127.0.0.1:${await listenLocally(t, server)}/a.torrent`
  const link = `magnet:?xt=urn:btih:${infoHash!}&xs=${source}&x.pe=127.0.0.1:6881`
  const args = ['download', link, '--no-cache', '--client', 'aria2+http://127.0.0.1:1']
  const { stderr } = await runBtkit(args, { cwd: makeScratch(t) })
  assert.doesNotMatch(stderr, /x\.pe/)
  assert.match(stderr, /aria2\+http:\/\/127\.0\.0\.1:1: nothing listens there/)
})

for (const program of ['btkit', 'btdownloadheadless']) {
  test(`${program}: --seed-time 0 ends when the content is whole, and starts no client`, async (t) => {
    const cwd = makeScratch(t)
    writeFileSync(join(cwd, 'a.iso'), 'content')
    await runBtkit(['makemetafile', join(cwd, 'a.iso'), 'http://127.0.0.1:9/announce'])
    const subcommand = program === 'btkit' ? null : 'download'
    const args = [join(cwd, 'a.iso.torrent'), '--seed-time', '0', '--no-cache']
    // No client is found in this environment
    const env = { PATH: cwd }
    const words = subcommand === null ? ['download', ...args] : args
    const { stdout } = assertQuiet(await runBtkit(words, { program, subcommand, cwd, env }))
    assert.match(stdout, /a\.iso: whole, 7 B\n$/)
  })
}
