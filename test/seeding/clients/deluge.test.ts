import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { MARK, type ClientTorrent } from '../../../src/core/publish/client.js'
import { parseClientAddress } from '../../../src/seeding/clients/address.js'
import { connectClient } from '../../../src/seeding/clients/connect.js'
import { INFO_HASH, LISTED, TORRENT } from '../../support/answering-clients.js'
import { infoHashOf } from '../../support/info-hashes.js'
import { serveLocally } from '../../support/listen.js'

/** What a Deluge has, and what it has of its torrent. */
interface FakeDeluge {
  readonly plugins: readonly string[]
  readonly labels: Set<string>
  /** The daemons by their states. */
  readonly hosts: Readonly<Record<string, string>>
  connected: string | null
  /** The info hash that it gives a torrent. */
  readonly given: string
  /** The bytes at paths of its machine. */
  readonly sizes: Readonly<Record<string, number>>
  readonly torrents: Map<string, Record<string, unknown>>
  /** Its answer about torrents; null without a daemon. */
  listed: Readonly<Record<string, unknown>> | null
  /** The errors that it answers once, by method. */
  readonly errors: Record<string, unknown>
  logins: number
}

const REFUSAL = { code: 2, message: 'refused' }

/** Answers calls as deluge-web 2.1 does, without what no test needs. */
function answer(deluge: FakeDeluge, method: string, params: readonly unknown[]): unknown {
  const [first, second, options] = params
  switch (method) {
    case 'daemon.get_version':
      return '2.1.1'
    case 'auth.login':
      deluge.logins++
      return first === 'right'
    case 'web.connected':
      return deluge.connected !== null
    case 'web.get_hosts':
      return Object.keys(deluge.hosts).map((id) => [id, '127.0.0.1', 58846, 'user'])
    case 'web.get_host_status':
      return [first, deluge.hosts[String(first)], '2.1.1']
    case 'web.connect':
      deluge.connected = deluge.hosts[String(first)] === 'Online' ? String(first) : null
      return []
    case 'core.get_enabled_plugins':
      return deluge.plugins
    case 'label.get_labels':
      return [...deluge.labels]
    case 'label.add':
      return void deluge.labels.add(String(first))
    case 'core.add_torrent_file':
      deluge.torrents.set(deluge.given, { ...(options as object) })
      return deluge.given
    case 'label.set_torrent':
      if (!deluge.labels.has(String(second))) throw new Error('Unknown Label')
      return void Object.assign(deluge.torrents.get(String(first)) ?? {}, { label: second })
    case 'core.get_torrents_status':
      return deluge.listed
    case 'core.get_path_size':
      return deluge.sizes[String(first)] ?? -1
    case 'core.resume_torrents':
      for (const id of first as string[])
        Object.assign(deluge.torrents.get(id) ?? {}, { add_paused: false })
      return null
    case 'core.remove_torrents':
      // Otherwise their data is removed, too
      assert.equal(second, false)
      for (const id of first as string[]) deluge.torrents.delete(id)
      return []
    default:
      throw new Error(`Unknown method ${method}`)
  }
}

async function startDeluge(t: TestContext, changes: Partial<FakeDeluge> = {}, password = 'right') {
  const deluge: FakeDeluge = {
    plugins: ['Label'],
    labels: new Set(),
    hosts: { a: 'Online' },
    connected: 'a',
    given: INFO_HASH,
    sizes: {},
    torrents: new Map(),
    listed: null,
    errors: {},
    logins: 0,
    ...changes,
  }
  const port = await serveLocally(t, (request, response) => {
    void text(request).then((body) => {
      const { method, params, id } = JSON.parse(body) as { method: string; params: []; id: number }
      let [result, error]: unknown[] = [null, deluge.errors[method] ?? null]
      deluge.errors[method] = null
      try {
        if (!error) result = answer(deluge, method, params) ?? null
      } catch (thrown) {
        error = { message: (thrown as Error).message, code: 2 }
      }
      response.end(JSON.stringify({ result, error, id }))
    })
  })
  const address = parseClientAddress(`deluge+http://:${password}@127.0.0.1:${port}`)
  const client = connectClient(address, { timeoutMs: 60_000, signal: new AbortController().signal })
  return { deluge, client }
}

for (const labels of [[], [MARK], ['other']]) {
  test(`a torrent is added paused, whole and marked; labels before: ${labels.join()}`, async (t) => {
    const { deluge, client } = await startDeluge(t, { labels: new Set(labels) })
    assert.deepEqual(await client.add([TORRENT]), [null])
    const added = deluge.torrents.get(INFO_HASH) ?? {}
    assert.deepEqual(added, {
      download_location: '/srv',
      move_completed: false,
      add_paused: true,
      seed_mode: true,
      stop_at_ratio: false,
      label: MARK,
    })
    await client.start([INFO_HASH])
    assert.equal(added['add_paused'], false)
    await client.remove([INFO_HASH])
    assert.equal(deluge.torrents.size, 0)
  })
}

test('a torrent of somebody else is marked on request', async (t) => {
  const { deluge, client } = await startDeluge(t, { torrents: new Map([[INFO_HASH, {}]]) })
  await client.mark([INFO_HASH])
  assert.deepEqual(deluge.torrents.get(INFO_HASH), { label: MARK })
})

for (const [size, isThere] of [
  [5, true],
  [4, false],
  [-1, false],
] as const) {
  test(`data of ${size} of 5 bytes is ${isThere ? 'there' : 'not there'}`, async (t) => {
    const { client } = await startDeluge(t, { sizes: { '/srv/a.txt': size } })
    assert.deepEqual(await client.findData!([TORRENT]), [isThere])
  })
}

test('a torrent that gets another info hash is removed again', async (t) => {
  const { deluge, client } = await startDeluge(t, { given: 'f'.repeat(40) })
  const [failure] = await client.add([TORRENT])
  assert.match(failure?.message ?? '', /it takes f{40} for its info hash/)
  assert.equal(deluge.torrents.size, 0)
})

for (const [what, changes, connected] of [
  ['the only one', { connected: null }, 'a'],
  ['the first that is online', { connected: null, hosts: { b: 'Offline', c: 'Online' } }, 'c'],
  ['the one that it had', { connected: 'z' }, 'z'],
] as const) {
  test(`of its daemons, deluge-web is connected to ${what}`, async (t) => {
    const { deluge, client } = await startDeluge(t, changes)
    assert.deepEqual(await client.add([TORRENT]), [null])
    assert.equal(deluge.connected, connected)
  })
}

for (const [what, changes, password, message] of [
  ['a wrong password', {}, 'wrong', /password|login/],
  ['no plugin for labels', { plugins: [] }, 'right', /its plugin Label is off/],
  ['no daemon', { connected: null, hosts: { b: 'Offline' } }, 'right', /not connected to a daemon/],
  [
    'a daemon that refuses',
    { connected: null, errors: { 'web.connect': REFUSAL } },
    'right',
    /: refused$/,
  ],
  ['a label that it refuses', { errors: { 'label.add': REFUSAL } }, 'right', /: refused$/],
] as const) {
  test(`with ${what} nothing is added`, async (t) => {
    const { deluge, client } = await startDeluge(t, changes, password)
    await assert.rejects(client.add([TORRENT]), { message })
    assert.equal(deluge.torrents.size, 0)
  })
}

test('an answer that is no list is no empty list', async (t) => {
  const { client } = await startDeluge(t)
  const message = /^deluge\+http:\S+: unexpected answer: no list of torrents$/
  await assert.rejects(client.list(), { code: 'client', message })
})

const hashOf = (index: number) => infoHashOf(`${index}`.padStart(40, 'a'))

test('the list has the state and the figures of each torrent', async (t) => {
  const row = {
    name: 'a',
    download_location: '/srv',
    label: MARK,
    state: 'Seeding',
    message: 'OK',
    tracker_status: 'Announce OK',
    is_finished: true,
    total_size: 8,
    total_done: 5,
    num_peers: 1,
    num_seeds: 2,
    upload_payload_rate: 4,
    download_payload_rate: 5,
    ratio: 0.5,
    max_connections: 7,
  }
  const torrent: ClientTorrent = { ...LISTED, settings: { max_connections: 7 } }
  const refused = 'Error: not registered'
  const listed: (readonly [row: object, torrent: Partial<ClientTorrent>])[] = [
    [{}, {}],
    [
      { label: 'films', ratio: -1 },
      { isMarked: false, ratio: 0 },
    ],
    [{ message: '' }, {}],
    [{ message: 'disk full' }, { message: 'disk full' }],
    [{ tracker_status: refused }, { message: refused }],
    [{ tracker_status: 'Error: skipping tracker announce (unreachable)' }, {}],
    ...(['Checking', 'Allocating', 'Moving'] as const).map(
      (state) => [{ state }, { state: 'checking' }] as const,
    ),
    [{ state: 'Paused' }, { state: 'stopped' }],
    [{ state: 'Error' }, { state: 'error' }],
    [{ state: 'Queued' }, { state: 'queued' }],
    [{ state: 'Queued', is_finished: false }, { state: 'downloading' }],
    [{ state: 'Downloading' }, { state: 'downloading' }],
  ]
  const rows = listed.map(([changes], i) => [hashOf(i), { ...row, ...changes }] as const)
  const { client } = await startDeluge(t, { listed: Object.fromEntries(rows) })
  assert.deepEqual(
    await client.list([INFO_HASH]),
    listed.map(([, changes], i) => ({ ...torrent, infoHash: hashOf(i), ...changes })),
  )
})

for (const [what, logins, error, message] of [
  ['the end of a session', 2, { code: 1, message: 'Not authenticated' }, /password/],
  ['an exception', 1, { code: 2, message: "<class 'deluge.Busy'>: be patient" }, /: be patient$/],
] as const) {
  test(`after ${what} Deluge answers again, with ${logins} logins`, async (t) => {
    const { client, deluge } = await startDeluge(t)
    assert.equal(await client.version(), 'Deluge 2.1.1')
    deluge.errors['daemon.get_version'] = error
    await assert.rejects(client.version(), { message })
    assert.equal(await client.version(), 'Deluge 2.1.1')
    assert.equal(deluge.logins, logins)
  })
}
