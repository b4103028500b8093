import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { unlessInstalled } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { daemonKinds } from '../../support/seeding-daemons.js'
import { testPublishing } from './publish.js'
import { testRefusals } from './refusals.js'

testPublishing('qbittorrent')
testRefusals('qbittorrent')

test(
  'files whose names the preferences exclude are published, too',
  unlessInstalled('qbittorrent-nox'),
  async (t) => {
    const daemon = await daemonKinds['qbittorrent']!.start(t)
    const call = await logIn(daemon.url)
    const preferences = { excluded_file_names_enabled: true, excluded_file_names: '*.exe' }
    const set = { json: JSON.stringify(preferences) }
    assert.equal((await call('app/setPreferences', set)).status, 200)
    const files = { 'setup.exe': pseudoRandom(60_000, 1), 'many/a': 'a', 'many/b.exe': 'bb' }
    const data = makeScratch(t, files)
    const target = makeScratch(t)
    for (const name of ['setup.exe', 'many']) {
      const torrent = join(target, `${name}.torrent`)
      const make = ['makemetafile', join(data, name), 'http://127.0.0.1:9/announce', '--no-cache']
      assertStatus(await runBtkit([...make, '-o', torrent]), 0)
      const publish = ['publish', '--client', daemon.url, '--data', data, torrent]
      assert.match(assertStatus(await runBtkit(publish), 0).stdout, /: published/)
    }
    const listed = await call('torrents/info')
    const rows = (await listed.json()) as {
      size: number
      total_size: number
      amount_left: number
    }[]
    assert.deepEqual(
      rows.map(({ size, total_size, amount_left }) => [size - total_size, amount_left]),
      [
        [0, 0],
        [0, 0],
      ],
    )
  },
)

test(
  'a torrent gets the category of the user, who may change it',
  unlessInstalled('qbittorrent-nox'),
  async (t) => {
    const daemon = await daemonKinds['qbittorrent']!.start(t)
    const data = makeScratch(t, { 'a.iso': pseudoRandom(60_000, 1) })
    const torrent = join(data, 'a.iso.torrent')
    const make = ['makemetafile', join(data, 'a.iso'), 'http://127.0.0.1:9/announce', '--no-cache']
    assertStatus(await runBtkit(make), 0)
    const publish = ['publish', '--client', daemon.url, torrent, '--category']
    assert.match(assertStatus(await runBtkit([...publish, 'films']), 0).stdout, /: published/)
    const call = await logIn(daemon.url)
    const [row] = (await (await call('torrents/info')).json()) as Record<string, string>[]
    assert.deepEqual([row?.['category'], row?.['tags']], ['films', 'btkit'])
    await call('torrents/createCategory', { category: 'mine' })
    await call('torrents/setCategory', { hashes: row?.['hash'] ?? '', category: 'mine' })
    const again = assertStatus(await runBtkit([...publish, 'films']), 0)
    assert.match(again.stdout, /is already there/)
    const [after] = (await (await call('torrents/info')).json()) as Record<string, string>[]
    assert.equal(after?.['category'], 'mine')
  },
)

test(
  'a torrent whose data moved keeps its category, tags and limits',
  unlessInstalled('qbittorrent-nox'),
  async (t) => {
    const daemon = await daemonKinds['qbittorrent']!.start(t)
    const files = { 'a.iso': pseudoRandom(60_000, 1) }
    const [before, after] = [makeScratch(t, files), makeScratch(t, files)]
    const torrent = join(before, 'a.iso.torrent')
    const make = ['makemetafile', join(before, 'a.iso'), 'http://127.0.0.1:9/announce']
    assertStatus(await runBtkit([...make, '--no-cache']), 0)
    const publish = (...args: string[]) => {
      return runBtkit(['publish', '--client', daemon.url, torrent, ...args])
    }
    assertStatus(await publish(), 0)
    const call = await logIn(daemon.url)
    const read = async () => {
      const [row] = (await (await call('torrents/info')).json()) as Record<string, string>[]
      return row ?? {}
    }
    const { hash: hashes = '' } = await read()
    await call('torrents/createCategory', { category: 'mine' })
    await call('torrents/setCategory', { hashes, category: 'mine' })
    await call('torrents/addTags', { hashes, tags: 'iso' })
    await call('torrents/setUploadLimit', { hashes, limit: '5000' })
    await call('torrents/setShareLimits', { hashes, ratioLimit: '3', seedingTimeLimit: '90' })
    assert.match(assertStatus(await publish('--data', after), 0).stdout, /: published/)
    const { save_path, category, tags, up_limit, ratio_limit, seeding_time_limit } = await read()
    assert.deepEqual([save_path, category, tags], [after, 'mine', 'btkit, iso'])
    assert.deepEqual([up_limit, ratio_limit, seeding_time_limit], [5000, 3, 90])
  },
)

/** Logs in, and returns what calls a method of the Web API. */
async function logIn(url: string) {
  const { host, username, password } = new URL(url.replace('qbittorrent+', ''))
  const call = (method: string, fields: Record<string, string> = {}, headers = {}) =>
    fetch(`http://${host}/api/v2/${method}`, {
      method: 'POST',
      headers,
      body: new URLSearchParams(fields),
    })
  const login = await call('auth/login', { username, password })
  const [Cookie = ''] = login.headers.getSetCookie()
  return (method: string, fields?: Record<string, string>) => call(method, fields, { Cookie })
}
