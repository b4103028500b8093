import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { assertError, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { serveLocally } from '../../../support/listen.js'

const DOWN = 'scgi://127.0.0.1:1'

test('publish without any torrent reports only that, and contacts no client', async (t) => {
  const cwd = makeScratch(t, { 'a.iso': 'content' })
  const result = await runBtkit(['publish', join(cwd, 'a.iso'), '--client', DOWN, '--no-cache'], {
    cwd,
  })
  assertError(result, 'bencode', join(cwd, 'a.iso'))
})

test('publish says where it looked for data that is not there', async (t) => {
  const names = Array.from('abcdefg')
  const files = Object.fromEntries(names.map((name) => [`d/${name}`, name]))
  const cwd = makeScratch(t, { ...files, 'other/x': '' })
  const [torrent, other] = [join(cwd, 'd.torrent'), join(cwd, 'other')]
  await runBtkit(['makemetafile', join(cwd, 'd'), '--trackerless', '--no-cache'])
  const args = ['publish', torrent, '--data', other, '--client', DOWN, '--no-cache']
  const named = names.slice(0, 5).map((name) => `${join(other, 'd', name)} is missing`)
  const why = `its data is not whole: ${named.join(', ')}, 2 more files`
  assertError(await runBtkit(args), 'not-found', `${torrent}: ${why}`)
})

/** Starts a service, and returns its host and port. */
async function start(t: TestContext, answer: RequestListener): Promise<string> {
  const port = await serveLocally(t, answer)
  return `127.0.0.1:${port}`
}

test('a client that always has a new session is not asked for ever', async (t) => {
  let count = 0
  const host = await start(t, (_, response) => {
    response.writeHead(409, { 'X-Transmission-Session-Id': `${++count}` }).end()
  })
  const { stderr } = await runBtkit(['status', '--client', `transmission+http://${host}`])
  assert.equal(count, 2)
  assert.match(stderr, /^btkit: transmission\S+: unexpected answer: HTTP status 409\n$/)
})

test('the version of a client is shown without control characters', async (t) => {
  const values = { version: '4\x1b[31m', 'rpc-version': 17, torrents: [] }
  const host = await start(t, (_, response) => {
    response.end(JSON.stringify({ result: 'success', arguments: values }))
  })
  const { stdout } = await runBtkit(['status', '--client', `transmission+http://${host}`])
  assert.equal(stdout, `transmission+http://${host}: Transmission 4\\x1b[31m, 0 torrents\n`)
})

test('an rtorrent whose torrents are no lists is not believed', async (t) => {
  const list = '<array><data><value>x</value></data></array>'
  const host = await start(t, (_, response) => {
    const value = `<params><param><value>${list}</value></param></params>`
    response.end(`<?xml version="1.0"?><methodResponse>${value}</methodResponse>`)
  })
  const { stderr } = await runBtkit(['status', '--client', `rtorrent+http://${host}`])
  assert.match(stderr, /^btkit: rtorrent\S+: unexpected answer: no list of torrents\n$/)
})

test('a missing password is not reported as a wrong one', async (t) => {
  const host = await start(t, (_, response) => response.writeHead(401).end())
  const directory = makeScratch(t, { netrc: 'machine 127.0.0.1 login me password wrong\n' })
  const [none, other] = [join(directory, 'none'), join(directory, 'other')]
  const netrc = join(directory, 'netrc')
  writeFileSync(other, 'machine other.example password p\n')
  for (const file of [netrc, other]) chmodSync(file, 0o600)
  const wants = 'wants a user name or password'
  const read = ` (${other} was read, and has none for 127.0.0.1)`
  const refuses = 'does not take this user name and password'
  for (const [login, file, why] of [
    ['', none, `${wants}; put them into its address or ${none}`],
    ['', other, `${wants}${read}; put them into its address or ${other}`],
    ['', netrc, `${refuses} of ${netrc}`],
    ['me:wrong@', netrc, refuses],
  ] as const) {
    const client = `transmission+http://${login}${host}`
    const result = await runBtkit(['status', '--client', client], { env: { NETRC: file } })
    const stderr = `btkit: transmission+http://${host}: ${why}\n`
    assert.deepEqual([result.status, result.stderr], [1, stderr])
  }
})

test('no login without a password is sent to qBittorrent, which bans after five', async (t) => {
  const asked: string[] = []
  const host = await start(t, ({ url = '' }, response) => {
    asked.push(url)
    response.writeHead(403).end('Forbidden')
  })
  const directory = makeScratch(t, { 'files/a.iso': 'content' })
  const [content, netrc] = [join(directory, 'files', 'a.iso'), join(directory, 'netrc')]
  const torrent = join(directory, 'a.torrent')
  const make = ['makemetafile', content, '--trackerless', '--output', torrent, '--no-cache']
  assertStatus(await runBtkit(make), 0)
  const own = ['--state-dir', join(directory, 'state'), '--no-cache']
  const complete = ['completedir', join(directory, 'files'), ...own, '--trackerless']
  for (const [login, why] of [
    ['', `wants a user name or password; put them into its address or ${netrc}`],
    ['admin@', 'wants a password, too; put it behind the user'],
  ] as const) {
    const client = `qbittorrent+http://${login}${host}`
    for (const args of [
      ['publish', torrent, '--data', content, '--no-cache', '--client', client],
      ['withdraw', torrent, '--client', client],
      ['status', '--client', client],
      [...complete, '--publish', client],
    ]) {
      const { stderr } = assertStatus(await runBtkit(args, { env: { NETRC: netrc } }), 1)
      assert.ok(stderr.includes(`btkit: qbittorrent+http://${host}: ${why}\n`), stderr)
    }
  }
  assert.notEqual(asked.length, 0)
  assert.deepEqual(
    asked.filter((url) => url.includes('login')),
    [],
  )
})

test('completedir counts a client that is down among the failures', async (t) => {
  const root = makeScratch(t, { 'files/a.iso': 'content' })
  const args = ['completedir', join(root, 'files')]
  const own = ['--state-dir', join(root, 'state'), '--no-cache', '--trackerless', '--min-age', '0']
  const { stdout } = assertStatus(await runBtkit([...args, ...own, '--publish', DOWN]), 1)
  assert.match(stdout, /\ncreated 1, .*, failed 1;/)
})

test('a dry run of completedir says where torrents would be published', async (t) => {
  const root = makeScratch(t, { 'files/a.iso': 'content' })
  const own = ['--state-dir', join(root, 'state'), '--no-cache', '--trackerless', '--dry-run']
  const args = ['completedir', join(root, 'files'), ...own, '--publish', DOWN]
  const { stderr } = assertStatus(await runBtkit(args), 0)
  assert.match(stderr, /dry run: torrents would be published to scgi:[^\n]+; no client/)
})

test('publish names all files that are not whole', async (t) => {
  const root = makeScratch(t, { 'set/a': 'aaaa', 'set/b': 'bbbb', 'set/c': 'c'.repeat(40_000) })
  const make = ['makemetafile', join(root, 'set'), '--trackerless', '--no-cache', '--quiet']
  assert.equal((await runBtkit(make)).status, 0)
  writeFileSync(join(root, 'set', 'a'), 'aaaX')
  const publish = ['publish', join(root, 'set.torrent'), '--no-cache', '--client', DOWN]
  const { stderr } = await runBtkit(publish)
  for (const name of ['a', 'b'])
    assert.match(stderr, new RegExp(`[ ,]${join(root, 'set', name)} is `), stderr)
})
