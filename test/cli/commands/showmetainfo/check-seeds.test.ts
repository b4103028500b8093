import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { assertStatus, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { serveMirror } from '../../../support/serve.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'
import { listenLocally, serveLocally } from '../../../support/listen.js'

const FILES = {
  'dir/a b#1.bin': pseudoRandom(40_000, 1),
  'dir/sub/ü%.bin': pseudoRandom(100_001, 2),
  'dir/empty': '',
  'dir/z': 'z',
}

interface Checked {
  readonly url: string
  readonly result: string
  readonly detail: string | null
  readonly requested: string | null
  readonly piece: number | null
}

/** Makes a torrent with these seeds. Returns its path. */
async function makeTorrent(root: string, seeds: readonly string[], args: readonly string[] = []) {
  const torrent = join(root, 'x.torrent')
  const named = seeds.flatMap((url) => ['--web-seed', url])
  const rest = ['--trackerless', '--force', '--target', torrent, '--piece-length', '32KiB', ...args]
  assertStatus(await runBtkit(['makemetafile', join(root, 'dir'), ...named, ...rest]), 0)
  return torrent
}

async function check(torrent: string, args: readonly string[] = []) {
  const result = await runBtkit(['showmetainfo', '--check-seeds', '--json', ...args, torrent])
  assert.equal(result.stderr, '')
  return { status: result.status, seeds: parseJson(result)['seeds'] as Checked[] }
}

/** As often as it takes for each piece to come up, more or less. */
async function checkOften(torrent: string): Promise<void> {
  for (let i = 0; i < 12; i++) {
    const { status, seeds } = await check(torrent)
    assert.deepEqual(
      [status, seeds.map(({ result }) => result)],
      [0, ['ok', 'ok']],
      JSON.stringify(seeds),
    )
  }
}

const VERSIONS: readonly (readonly string[])[] = [[], ['--pad-files'], ['--v2'], ['--hybrid']]

for (const args of VERSIONS) {
  test(`right seeds of a directory are ok ${args.join('')}`, async (t) => {
    const root = makeScratch(t, FILES)
    const address = await startSeeds(t, root)
    await checkOften(await makeTorrent(root, [`${address}/right/`, `${address}/moved/`], args))
  })

  test(`wrong bytes are reported ${args.join('')}`, async (t) => {
    const root = makeScratch(t, FILES)
    const address = await startSeeds(t, root)
    const { status, seeds } = await check(await makeTorrent(root, [`${address}/wrong/`], args))
    assert.deepEqual([status, seeds[0]!.result], [1, 'wrong bytes'])
  })
}

/** Faults of servers, with their results and details. */
const FAULTS: readonly (readonly [kind: string, result: string, detail: RegExp])[] = [
  ['absent', 'status', /^HTTP status 404$/],
  ['endless', 'no ranges', /whole file/],
  ['other', 'no ranges', /another range/],
  ['long', 'length', /more than \d+ bytes/],
  ['short', 'length', /^ended after 1 byte of \d+$/],
  ['packed', 'compressed', /./],
  ['loop', 'redirects', /more than 20/],
  ['away', 'redirects', /not HTTP/],
]

for (const [kind, expected, told] of FAULTS) {
  test(`a server is found out: ${kind}`, async (t) => {
    const root = makeScratch(t, FILES)
    const address = await startSeeds(t, root)
    const { status, seeds } = await check(await makeTorrent(root, [`${address}/${kind}/`]))
    assert.deepEqual([status, seeds[0]!.result], [1, expected])
    assert.match(seeds[0]!.detail ?? '', told)
  })
}

test('a server that does not answer is left in time', async (t) => {
  const root = makeScratch(t, FILES)
  const torrent = await makeTorrent(root, [`${await startSeeds(t, root)}/slow/`])
  const { status, seeds } = await check(torrent, ['--seed-timeout', '0.2'])
  assert.deepEqual([status, seeds[0]!.result], [1, 'timeout'])
})

test('an unreachable server differs from a bad one, and only HTTP is requested', async (t) => {
  const root = makeScratch(t, FILES)
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const torrent = await makeTorrent(root, [`http://127.0.0.1:${port}/`, 'ftp://127.0.0.1/'])
  const { status, seeds } = await check(torrent)
  assert.deepEqual([status, seeds.map(({ result }) => result)], [1, ['unreachable', 'not asked']])
})

test('the seed of a single file may be its own address, or its directory', async (t) => {
  const root = makeScratch(t, FILES)
  const address = await startSeeds(t, root)
  const seeds = [`${address}/right/dir/sub/`, `${address}/right/dir/sub/%C3%BC%25.bin`]
  const torrent = join(root, 'single.torrent')
  const named = seeds.flatMap((url) => ['--web-seed', url])
  const source = join(root, 'dir/sub/ü%.bin')
  await runBtkit(['makemetafile', source, ...named, '--target', torrent, '--v2'])
  assert.deepEqual((await check(torrent)).status, 0)
})

test('a server that sends a small file whole does no wrong', async (t) => {
  const root = makeScratch(t, { 'dir/a': 'content' })
  const { status } = await check(await makeTorrent(root, [`${await startSeeds(t, root)}/whole/`]))
  assert.equal(status, 0)
})

test('an HTTP seed (BEP 17) is asked for the piece', async (t) => {
  const content = pseudoRandom(70_000, 3)
  const asked: string[] = []
  const address = await serveOnce(t, (url) => {
    asked.push(url)
    const piece = Number(/&piece=(\d+)$/.exec(url)?.[1])
    return content.subarray(piece * 32768, (piece + 1) * 32768)
  })
  const pieces = [0, 1, 2].map((piece) => {
    const bytes = content.subarray(piece * 32768, (piece + 1) * 32768)
    return createHash('sha1').update(bytes).digest()
  })
  const info = { length: content.length, 'piece length': 32768, pieces: Buffer.concat(pieces) }
  const bytes = torrentOf(singleFileInfo(info), { httpseeds: [`${address}/seed?x=1`] })
  const torrent = join(makeScratch(t), 'x.torrent')
  writeFileSync(torrent, bytes)
  const { status, seeds } = await check(torrent)
  assert.deepEqual([status, seeds[0]!.result], [0, 'ok'])
  const shown = await runBtkit(['showmetainfo', '--json', torrent])
  const hash = String(parseJson(shown)['infoHash']).replace(/../g, '%$&')
  assert.ok(asked[0]!.startsWith(`/seed?x=1&info_hash=${hash}&piece=`), asked[0])
})

/** A server that answers each request with what a function has for its address. */
async function serveOnce(t: TestContext, answer: (url: string) => Uint8Array): Promise<string> {
  const server = createServer((request, response) => response.end(answer(request.url ?? '')))
  const port = await listenLocally(t, server)
  return `http://127.0.0.1:${port}`
}

test('the web seeds of btkit serve are ok, those of offline torrents of the same as well', async (t) => {
  const root = makeScratch(t, { 'pub/a b#1.iso': pseudoRandom(2_500_000, 4) })
  const { address } = await serveMirror(t, { root })
  const torrent = join(root, 'served.torrent')
  const given = await fetch(`${address}/pub/a%20b%231.iso?torrent`)
  writeFileSync(torrent, Buffer.from(await given.arrayBuffer()))
  assert.equal((await check(torrent)).status, 0)
  const offline = join(root, 'offline.torrent')
  const args = ['--web-seed-base', `${address}/pub`, '--target', offline]
  await runBtkit(['makemetafile', join(root, 'pub/a b#1.iso'), ...args])
  assert.equal((await check(offline)).status, 0)
})

test('people read a line a seed, with no control characters', async (t) => {
  const root = makeScratch(t, FILES)
  const address = await startSeeds(t, root)
  const torrent = await makeTorrent(root, [`${address}/right/`, `${address}/absent/xx/`])
  const edited = readFileSync(torrent).toString('latin1').replace('/xx/', '/x\x1b/')
  writeFileSync(torrent, Buffer.from(edited, 'latin1'))
  const { status, stdout } = await runBtkit(['showmetainfo', '--check-seeds', torrent])
  assert.equal(status, 1)
  const [head, ok = '', bad = ''] = stdout.split('\n')
  assert.equal(head, `${torrent}:`)
  assert.ok(ok.startsWith(`  ok      ${address}/right/ (piece `), ok)
  assert.ok(bad.startsWith(`  status  ${address}/absent/x\\x1b/ (HTTP status 404, piece `), bad)
})

test('a redirected seed names the address that was requested, not the one it leads to', async (t) => {
  const root = makeScratch(t, FILES)
  const address = await startSeeds(t, root)
  const { seeds } = await check(await makeTorrent(root, [`${address}/moved/`]))
  assert.ok(seeds[0]!.requested?.startsWith(`${address}/moved/`), seeds[0]!.requested ?? '')
})

test('a failed seed of a directory names the address that was requested', async (t) => {
  const root = makeScratch(t, { 'dir/a b': 'content' })
  const seed = `${await startSeeds(t, root)}/absent/`
  const torrent = await makeTorrent(root, [seed])
  const { stdout } = await runBtkit(['showmetainfo', '--check-seeds', torrent])
  const requested = `${seed}dir/a%20b`
  assert.equal(
    stdout.split('\n')[1],
    `  status  ${seed} (HTTP status 404, piece 0, requested ${requested})`,
  )
  assert.equal((await check(torrent)).seeds[0]!.requested, requested)
})

test('a torrent without seeds has none that fails', async (t) => {
  const torrent = join(makeScratch(t), 'x.torrent')
  writeFileSync(torrent, torrentOf(singleFileInfo()))
  const { status, stdout } = await runBtkit(['showmetainfo', '--check-seeds', torrent])
  assert.deepEqual([status, stdout], [0, `${torrent}:\n  names no web seeds\n`])
})

type Answer = (response: ServerResponse, file: Buffer, request: IncomingMessage) => void

/** Sends the range that was asked for, of a file or of what is made of it. */
function sendRange(response: ServerResponse, file: Buffer, { headers }: IncomingMessage): void {
  const [, from = '', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
  const [start, end] = [Number(from), Number(to)]
  const body = file.subarray(start, end + 1)
  const range = { 'Content-Range': `bytes ${start}-${end}/${file.length}` }
  response.writeHead(206, { ...range, 'Content-Length': body.length }).end(body)
}

function sendEndlessly(response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024)
  const more = () => {
    while (!response.closed && response.write(chunk));
  }
  response.on('drain', more)
  more()
}

/** Behaviour of the servers, by the first component of the address. */
const KINDS: Readonly<Record<string, Answer>> = {
  right: sendRange,
  wrong: (response, file, request) => {
    sendRange(response, Buffer.from(file.map((byte) => byte ^ 1)), request)
  },
  whole: (response, file) => response.end(file),
  endless: (response) => {
    response.writeHead(200)
    sendEndlessly(response)
  },
  long: (response, _file, { headers }) => {
    const range = headers.range?.replace('=', ' ') ?? ''
    response.writeHead(206, { 'Content-Range': `${range}/*` })
    sendEndlessly(response)
  },
  short: (response, _file, { headers }) => {
    const range = headers.range?.replace('=', ' ') ?? ''
    response.writeHead(206, { 'Content-Range': `${range}/*` }).end('a')
  },
  other: (response) => response.writeHead(206, { 'Content-Range': 'bytes 5-6/7' }).end('ab'),
  packed: (response, file, request) => {
    response.setHeader('Content-Encoding', 'gzip')
    sendRange(response, file, request)
  },
  absent: (response) => response.writeHead(404).end('not found'),
  slow: () => undefined,
  loop: (response, _file, { url }) => response.writeHead(302, { Location: url }).end(),
  moved: (response, _file, { url = '' }) => {
    response.writeHead(301, { Location: url.replace('/moved/', '/right/') }).end()
  },
  away: (response) => response.writeHead(302, { Location: 'ftp://127.0.0.1/x' }).end(),
}

/** A server for the files below a directory, until the test ends. */
async function startSeeds(t: TestContext, root: string): Promise<string> {
  const port = await serveLocally(t, (request, response) => {
    const [kind = '', ...path] = (request.url ?? '').split('/').slice(1)
    KINDS[kind]?.(response, readIfThere(join(root, ...path.map(decodeURIComponent))), request)
  })
  return `http://127.0.0.1:${port}`
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch {
    return Buffer.alloc(0)
  }
}
