import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { clientInfoHash } from '../../../src/core/publish/client.js'
import { publishTorrents } from '../../../src/core/publish/publish.js'
import { withdrawTorrents } from '../../../src/core/publish/withdraw.js'
import { swarmHashes } from '../../../src/metainfo/info-hash.js'
import type { InfoHash } from '../../../src/metainfo/values.js'
import type { Metainfo } from '../../../src/metainfo/metainfo.js'
import { parseClientAddress } from '../../../src/seeding/clients/address.js'
import { connectClient } from '../../../src/seeding/clients/connect.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { fakeWaiting } from '../../support/fake-client.js'
import { listenLocally } from '../../support/listen.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

interface FakeAnswers {
  /** Cookies of the login, and those of every other answer. */
  readonly login?: readonly string[]
  readonly later?: readonly string[]
  /** Status of a successful login, and of a torrent that was added. */
  readonly loginStatus?: number
  readonly addStatus?: number
}

/** A qBittorrent that takes requests only with its session cookie. */
async function startFake(t: TestContext, answers: FakeAnswers) {
  const { login = ['SID=secret; HttpOnly; path=/'], later = [] } = answers
  const { loginStatus = 200, addStatus = 200 } = answers
  return connect(t, (request, response) => {
    request.resume()
    if (request.url?.endsWith('/auth/login')) {
      response.writeHead(loginStatus, { 'Set-Cookie': [...login] })
      response.end(loginStatus === 204 ? undefined : 'Ok.')
      return
    }
    const cookies = (request.headers.cookie ?? '').split('; ')
    const isKnown = cookies.some((cookie) => /^(SID|QBT_SID_8080)=secret$/.test(cookie))
    if (later.length > 0) response.setHeader('Set-Cookie', [...later])
    if (!isKnown) response.writeHead(403).end('Forbidden')
    else if (request.url?.endsWith('/torrents/add')) response.writeHead(addStatus).end('{}')
    else response.end('v5.2.0')
  })
}

async function connect(t: TestContext, listener: RequestListener, path = '') {
  const port = await listenLocally(t, createServer(listener))
  const address = parseClientAddress(`qbittorrent+http://admin:right@127.0.0.1:${port}${path}`)
  return connectClient(address, { timeoutMs: 10_000, signal: new AbortController().signal })
}

const TORRENT = {
  metainfo: parseMetainfo(torrentOf(singleFileInfo())),
  directory: '/srv',
  fileTimes: null,
}

for (const path of ['/qbt', '/qbt/']) {
  test(`a proxy has qBittorrent below ${path}`, async (t) => {
    const asked: (string | undefined)[] = []
    const listener: RequestListener = (request, response) => {
      asked.push(request.url)
      response.end('v5.2.0')
    }
    const client = await connect(t, listener, path)
    await client.version()
    assert.deepEqual(asked, ['/qbt/api/v2/app/version'])
  })
}

const sessions: Readonly<Record<string, FakeAnswers>> = {
  'without a proxy': {},
  'with the cookie of a proxy before it': { login: ['route=a1; Path=/', 'SID=secret; path=/'] },
  'with the cookie of a proxy behind it': { login: ['SID=secret; path=/', 'route=a1; Path=/'] },
  'with cookies of a proxy in later answers': { later: ['route=a1; Path=/'] },
  'of version 5.2, with status 204 and a cookie named after the port': {
    login: ['QBT_SID_8080=secret; HttpOnly; path=/'],
    loginStatus: 204,
  },
}

for (const [which, answers] of Object.entries(sessions)) {
  test(`a session ${which} is kept`, async (t) => {
    const client = await startFake(t, answers)
    assert.equal(await client.version(), 'qBittorrent v5.2.0')
    assert.equal(await client.version(), 'qBittorrent v5.2.0')
  })
}

for (const [addStatus, error] of [
  [200, null],
  [202, null],
  [409, /has this torrent already/],
  [415, /HTTP status 415/],
] as const) {
  test(`a torrent that is answered by ${addStatus} was ${error ? 'refused' : 'added'}`, async (t) => {
    const client = await startFake(t, { addStatus })
    const [failure] = await client.add([TORRENT])
    if (error) assert.match(failure?.message ?? '', error)
    else assert.equal(failure, null)
  })
}

/** qBittorrent's answers to a request without a session, and to a login. */
const refusals = [
  ['a wrong password', [403, 'Forbidden'], [200, 'Fails.'], /user name and password/],
  ['a wrong password in 5.2', [403, 'Forbidden'], [401, 'Unauthorized'], /user name and password/],
  [
    'a ban',
    [403, 'Forbidden'],
    [403, 'Your IP address has been banned after too many failed authentication attempts.'],
    /has banned this address after failed logins/,
  ],
  [
    'an unknown host name',
    [401, 'Unauthorized'],
    [401, 'Unauthorized'],
    /does not accept the host name 127\.0\.0\.1; add it to its ServerDomains/,
  ],
] as const

for (const [what, first, login, message] of refusals) {
  test(`${what} is reported as that after one more request`, async (t) => {
    let asked = 0
    const client = await connect(t, (request, response) => {
      request.resume()
      asked++
      const [status, text] = request.url?.endsWith('/auth/login') ? login : first
      response.writeHead(status, { 'Set-Cookie': 'route=a1; Path=/' }).end(text)
    })
    await assert.rejects(client.version(), { code: 'unreachable', message })
    assert.equal(asked, 2)
  })
}

test('behind a proxy that gives it another Host, it is asked without Referer', async (t) => {
  const asked: (string | undefined)[] = []
  const client = await connect(t, (request, response) => {
    request.resume()
    asked.push(request.headers.referer && 'with')
    response.writeHead(request.headers.referer === undefined ? 200 : 401).end('v5.1.0')
  })
  assert.equal(await client.version(), 'qBittorrent v5.1.0')
  assert.equal(await client.version(), 'qBittorrent v5.1.0')
  assert.deepEqual(asked, ['with', undefined, undefined])
})

/** A qBittorrent that lists a hybrid by version 2, and counts the requests for all torrents. */
async function startSeeding(t: TestContext, metainfo: Metainfo, there: readonly string[] = []) {
  const row = (hash: string, infohash_v1 = hash) => {
    return { hash, infohash_v1, save_path: '', tags: 'btkit', state: 'uploading' }
  }
  const rows = new Map(there.map((hash) => [hash, row(hash)]))
  const [v1 = '', v2 = v1] = swarmHashes(metainfo)
  let wholeLists = 0
  const results: Readonly<Record<string, (hashes: string[] | null) => unknown>> = {
    'torrents/info': (hashes) => {
      if (hashes === null) wholeLists++
      return (hashes ?? [...rows.keys()]).flatMap((hash) => rows.get(hash) ?? [])
    },
    'torrents/add': () => rows.set(v2, row(v2, metainfo.infoHash ?? '')),
    'torrents/delete': (hashes) => hashes?.map((hash) => rows.delete(hash)),
  }
  const client = await connect(t, (request, response) => {
    void text(request).then((body) => {
      const method = request.url?.slice('/api/v2/'.length) ?? ''
      const hashes = new URLSearchParams(body).get('hashes')
      response.end(JSON.stringify(results[method]?.(hashes?.split('|') ?? null) ?? {}))
    })
  })
  return { client, ids: () => [...rows.keys()], wholeLists: () => wholeLists, id: v2 }
}

for (const [version, ...kind] of [['1'], ['2', '--v2'], ['1 and 2', '--hybrid']]) {
  test(`a torrent of version ${version} is added, replaced and withdrawn without a look at all others`, async (t) => {
    const directory = makeScratch(t, { a: 'content' })
    const torrent = join(directory, 'a.torrent')
    const args = ['makemetafile', join(directory, 'a'), '--trackerless', ...kind]
    assertStatus(await runBtkit([...args, '--output', torrent, '--no-cache']), 0)
    const metainfo = parseMetainfo(readFileSync(torrent))
    const others = ['d', 'e'].map((digit) => digit.repeat(40))
    const { client, ids, wholeLists, id } = await startSeeding(t, metainfo, others)
    const rules = { isLocal: true, trustsDirectories: false, waiting: fakeWaiting() }
    const request = { torrent, metainfo, directory, localDirectory: directory }
    for (const isOutdated of [false, true]) {
      const publishing = { ...rules, isOutdated: () => isOutdated }
      const [outcome] = await publishTorrents(client, [request], publishing)
      assert.equal(outcome?.status, 'published')
      assert.deepEqual(ids(), [...others, id])
    }
    await withdrawTorrents(client, [clientInfoHash(metainfo)])
    assert.deepEqual([ids(), wholeLists()], [others, 0])
  })
}

test('a hybrid of which only the info hash of version 1 is known is found among all', async (t) => {
  const directory = makeScratch(t, { a: 'content' })
  const torrent = join(directory, 'a.torrent')
  const args = ['makemetafile', join(directory, 'a'), '--trackerless', '--hybrid', '--no-cache']
  assertStatus(await runBtkit([...args, '--output', torrent]), 0)
  const metainfo = parseMetainfo(readFileSync(torrent))
  const other = 'd'.repeat(40) as InfoHash
  const { client, ids, wholeLists } = await startSeeding(t, metainfo, [other])
  await client.list([other])
  assert.deepEqual(await client.add([{ ...TORRENT, metainfo }]), [null])
  await client.remove([other, clientInfoHash(metainfo)])
  assert.deepEqual([ids(), wholeLists()], [[], 1])
})

for (const failing of [
  'app/preferences',
  'torrents/files',
  'torrents/filePrio',
  'torrents/recheck',
]) {
  test(`all files of a new torrent are wanted, though ${failing} fails once`, async (t) => {
    const { infoHash } = TORRENT.metainfo
    const asked: string[] = []
    let isExcluded = true
    const answers: Readonly<Record<string, () => unknown>> = {
      'torrents/info': () => [{ hash: infoHash }],
      'app/preferences': () => ({ excluded_file_names_enabled: true }),
      'torrents/files': () => [{ priority: 1 }, { priority: isExcluded ? 0 : 1 }],
      'torrents/filePrio': () => (isExcluded = false),
    }
    const client = await connect(t, (request, response) => {
      request.resume()
      const [method = ''] = (request.url ?? '').slice('/api/v2/'.length).split('?')
      asked.push(method)
      const isFirst = method === failing && asked.indexOf(method) === asked.length - 1
      if (isFirst) response.writeHead(500).end()
      else response.end(JSON.stringify(answers[method]?.() ?? {}))
    })
    assert.deepEqual(await client.add([TORRENT]), [null])
    await assert.rejects(client.list(), { code: 'client' })
    await client.list()
    assert.equal(isExcluded, false)
    const rechecks = asked.filter((method) => method === 'torrents/recheck').length
    assert.equal(rechecks, failing === 'torrents/recheck' ? 2 : 1)
    const before = asked.length
    await client.list()
    assert.deepEqual(asked.slice(before), ['torrents/info'])
  })
}
