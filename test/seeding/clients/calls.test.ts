import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  clientInfoHash,
  type ClientTorrent,
  type ClientTorrentState,
} from '../../../src/core/publish/client.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import {
  ID,
  INFO_HASH,
  LISTED,
  startAnswering,
  TORRENT,
  type AnsweringKind,
  type Asked,
  type Row,
} from '../../support/answering-clients.js'
import { infoHashOf } from '../../support/info-hashes.js'

const BYTES = Buffer.from(TORRENT.metainfo.bytes).toString('base64')

const UPPER = INFO_HASH.toUpperCase()

const lives: readonly (readonly [AnsweringKind, readonly Asked[]])[] = [
  [
    'qbittorrent',
    [
      [
        'torrents/add',
        {
          savepath: '/srv',
          skip_checking: 'true',
          paused: 'true',
          stopped: 'true',
          contentLayout: 'Original',
          autoTMM: 'false',
          category: 'films',
          tags: 'btkit',
          ratioLimit: '-1',
        },
      ],
      ['torrents/info', {}],
      ['app/preferences', {}],
      ['torrents/addTags', { hashes: ID, tags: 'btkit' }],
      ['app/webapiVersion', {}],
      ['torrents/start', { hashes: ID }],
      ['torrents/delete', { hashes: ID, deleteFiles: 'false' }],
    ],
  ],
  [
    'transmission',
    [
      ['session-get', { fields: ['version', 'rpc-version'] }],
      [
        'torrent-add',
        { metainfo: BYTES, 'download-dir': '/srv', paused: true, labels: ['btkit', 'films'] },
      ],
      ['torrent-set', { ids: [INFO_HASH], labels: ['btkit', 'films'], seedRatioMode: 2 }],
      ['torrent-get', { ids: [INFO_HASH], fields: ['hashString', 'labels'] }],
      ['torrent-set', { ids: [INFO_HASH], labels: ['iso', 'btkit'] }],
      ['torrent-start', { ids: [INFO_HASH] }],
      ['torrent-remove', { ids: [INFO_HASH], 'delete-local-data': false }],
    ],
  ],
  [
    'rtorrent',
    [
      [
        'execute.capture_nothrow',
        '',
        'stat',
        '--dereference',
        '--printf',
        '%s\\n',
        '--',
        '/srv/a.txt',
      ],
      ['network.xmlrpc.size_limit'],
      ['system.multicall', 'load.raw', '', BYTES, 'd.directory.set="/srv"', 'd.custom1.set=btkit'],
      ['system.multicall', 'd.custom1.set', UPPER, 'btkit'],
      ['system.multicall', 'd.start', UPPER],
      ['system.multicall', 'branch', UPPER, 'd.is_hash_checking=', 'cat=checking', 'd.erase='],
    ],
  ],
]

for (const [kind, calls] of lives) {
  test(`what ${kind} is asked to do with a torrent, which keeps its data`, async (t) => {
    const { asked, client, refuse } = await startAnswering(t, kind)
    const isFound = await client.findData?.([TORRENT])
    assert.deepEqual(isFound, kind === 'rtorrent' ? [true] : undefined)
    assert.deepEqual(await client.add([TORRENT]), [null])
    await client.mark([INFO_HASH])
    await client.start([INFO_HASH])
    await client.remove([INFO_HASH])
    assert.deepEqual(asked, calls)
    refuse()
    for (const act of ['mark', 'start', 'remove'] as const)
      await assert.rejects(client[act]([INFO_HASH]), { code: 'client' }, act)
  })
}

for (const kind of ['qbittorrent', 'transmission'] as const) {
  test(`${kind} may close a kept connection just when it is asked about torrents`, async (t) => {
    const { client, closeNext } = await startAnswering(t, kind)
    await client.list()
    closeNext()
    assert.equal((await client.list([INFO_HASH])).length, 1)
  })

  test(`an answer of ${kind} that is no list is no empty list`, async (t) => {
    const { client } = await startAnswering(t, kind, { 'torrents/info': {}, 'torrent-get': {} })
    await assert.rejects(client.list(), { code: 'client', message: /: no list of torrents$/ })
  })
}

/** What makes a row of a client's list another one, and another torrent. */
type Listed = readonly [row: Row, torrent: Partial<ClientTorrent>]

/** Rows that are in one state. */
const inState = (state: ClientTorrentState, ...names: readonly string[]): Listed[] =>
  names.map((name) => [{ state: name }, { state }])

const lists: readonly (readonly [
  kind: AnsweringKind,
  row: Row,
  resultsOf: (rows: readonly Row[]) => Row,
  listed: readonly Listed[],
])[] = [
  [
    'qbittorrent',
    {
      hash: ID,
      infohash_v1: INFO_HASH,
      name: 'a',
      save_path: '/srv',
      tags: 'films, btkit',
      state: 'uploading',
      size: 8,
      amount_left: 3,
      num_leechs: 1,
      num_seeds: 2,
      upspeed: 4,
      dlspeed: 5,
      ratio: 0.5,
    },
    (rows) => ({ 'torrents/info': rows }),
    [
      [
        { tags: 'btkitten', ratio: -1 },
        { isMarked: false, ratio: 0 },
      ],
      [{ tags: 'btkit,films' }, {}],
      [{ infohash_v1: '' }, { infoHash: infoHashOf(ID) }],
      ...inState('seeding', 'stalledUP'),
      ...inState('stopped', 'pausedUP', 'stoppedDL'),
      ...inState('checking', 'checkingUP'),
      ...inState('error', 'unknown'),
      ...inState('queued', 'queuedUP'),
      ...inState('missing', 'missingFiles'),
      ...inState('downloading', 'stalledDL'),
    ],
  ],
  [
    'transmission',
    {
      hashString: INFO_HASH,
      name: 'a',
      downloadDir: '/srv',
      labels: ['films', 'btkit'],
      status: 6,
      error: 0,
      errorString: '',
      sizeWhenDone: 8,
      leftUntilDone: 3,
      peersConnected: 3,
      rateUpload: 4,
      rateDownload: 5,
      uploadRatio: 0.5,
    },
    (rows) => ({ 'torrent-get': { torrents: rows } }),
    [
      [
        { labels: ['films'], uploadRatio: -1 },
        { isMarked: false, ratio: 0 },
      ],
      [{ error: 1, errorString: 'slow' }, { warning: 'slow' }],
      [{ error: 2, errorString: 'gone' }, { message: 'gone' }],
      [
        { error: 3, errorString: 'no disk' },
        { state: 'error', message: 'no disk' },
      ],
      ...(['stopped', 'checking', 'checking', 'downloading', 'downloading', 'queued'] as const).map(
        (state, status): Listed => [{ status }, { state }],
      ),
    ],
  ],
  [
    'rtorrent',
    {
      hash: INFO_HASH.toUpperCase(),
      name: 'a',
      directory: '/srv/a',
      isDirectory: 1,
      mark: 'btkit',
      isActive: 1,
      isChecking: 0,
      isComplete: 1,
      message: '',
      size: 8,
      completed: 5,
      peers: 3,
      up: 4,
      down: 5,
      ratio: 500,
    },
    (rows) => ({ 'd.multicall2': rows.map((row) => Object.values(row)) }),
    [
      [
        { mark: 'films', message: 'gone' },
        { isMarked: false, message: 'gone' },
      ],
      [{ directory: '/a' }, { directory: '/' }],
      [{ directory: '/srv', isDirectory: 0 }, {}],
      [{ isActive: 0 }, { state: 'stopped' }],
      [{ isChecking: 1 }, { state: 'checking' }],
      [{ isComplete: 0 }, { state: 'downloading' }],
    ],
  ],
]

for (const [kind, row, resultsOf, listed] of lists) {
  test(`the list of ${kind} has the state and the figures of each torrent`, async (t) => {
    const all: Listed[] = [[{}, {}], ...listed]
    const { client } = await startAnswering(
      t,
      kind,
      resultsOf(all.map(([changes]) => ({ ...row, ...changes }))),
    )
    const warnings = kind === 'transmission' ? { warning: null } : {}
    const expected = all.map(([, changes]) => ({ ...LISTED, ...warnings, ...changes }))
    const given = await client.list()
    assert.deepEqual(
      given.map((torrent) => ({ ...torrent, settings: undefined })),
      expected.map((torrent) => ({ ...torrent, settings: undefined })),
    )
  })
}

/** What a user has set for a torrent, in the client's list and as it gets it again. */
const kept: readonly (readonly [
  kind: AnsweringKind,
  results: Row,
  again: (asked: readonly Asked[]) => unknown,
  expected: unknown,
])[] = [
  [
    'qbittorrent',
    {
      'torrents/info': [
        { hash: ID, infohash_v1: INFO_HASH, category: 'own', tags: 'x, btkit', up_limit: 5 },
      ],
    },
    (asked) => {
      const [, fields] = asked.find(([method]) => method === 'torrents/add')!
      const { category, tags, upLimit, ratioLimit } = fields as Row
      return { category, tags, upLimit, ratioLimit }
    },
    { category: 'own', tags: 'x,btkit', upLimit: '5', ratioLimit: '-1' },
  ],
  [
    'transmission',
    {
      'torrent-get': {
        torrents: [
          { hashString: INFO_HASH, labels: ['x', 'btkit'], seedRatioMode: 1, seedRatioLimit: 3 },
        ],
      },
    },
    (asked) => asked.find(([method]) => method === 'torrent-set')![1],
    { ids: [INFO_HASH], labels: ['btkit', 'films', 'x'], seedRatioMode: 1, seedRatioLimit: 3 },
  ],
  [
    'rtorrent',
    {
      'system.multicall': [
        ...[[UPPER], ['a'], ['/srv'], [0], ['btkit'], [1], [0], [1], [''], [8], [8], [0], [0], [0]],
        ...[[500], [3], ['slow "lane"'], [40], [7]],
      ],
    },
    (asked) => asked.at(-1)?.slice(6),
    [
      'd.priority.set="3"',
      'd.throttle_name.set="slow \\"lane\\""',
      'd.peers_max.set="40"',
      'd.uploads_max.set="7"',
    ],
  ],
]

for (const [kind, results, again, expected] of kept) {
  test(`${kind} gets a torrent again with what a user has set for it`, async (t) => {
    const { asked, client } = await startAnswering(t, kind, results)
    const [listed] = await client.list([INFO_HASH])
    await client.add([{ ...TORRENT, settings: listed?.settings }]).catch(() => null)
    assert.deepEqual(again(asked), expected)
  })
}

test('qBittorrent before version 5 starts by another word', async (t) => {
  const { asked, client } = await startAnswering(t, 'qbittorrent', {
    'app/webapiVersion': '2.10.4',
  })
  await client.start([INFO_HASH])
  assert.equal(asked.at(-1)?.[0], 'torrents/resume')
})

for (const [isOn, priority, isAsked] of [
  [true, 0, true],
  [false, 0, false],
  [true, 1, false],
] as const) {
  test(`qBittorrent ${isAsked ? 'gets' : 'keeps'} files of priority ${priority}, names excluded: ${isOn}`, async (t) => {
    const { asked, client } = await startAnswering(t, 'qbittorrent', {
      'app/preferences': { excluded_file_names_enabled: isOn },
      [`torrents/files?hash=${ID}`]: [{ priority: 1 }, { priority }],
    })
    await client.add([TORRENT])
    await client.list()
    const changes = asked.filter(([method]) => /filePrio|recheck/.test(method))
    const expected = [
      ['torrents/filePrio', { hash: ID, id: '0|1', priority: '1' }],
      ['torrents/recheck', { hashes: ID }],
    ]
    assert.deepEqual(changes, isAsked ? expected : [])
  })
}

test('qBittorrent is asked for trackers that fail of torrents without a working one', async (t) => {
  const tracker = 'http://t.example/'
  const { asked, client } = await startAnswering(t, 'qbittorrent', {
    'torrents/info': [
      { hash: ID, infohash_v1: INFO_HASH, tracker: '' },
      { hash: 'd'.repeat(40), tracker },
    ],
    [`torrents/trackers?hash=${ID}`]: [{ status: 2 }, { status: 4, url: tracker, msg: '' }],
  })
  const { length } = await client.list()
  const failures = await client.trackerFailures!([INFO_HASH, infoHashOf('d'.repeat(40))])
  assert.deepEqual([...failures], [[INFO_HASH, `${tracker}: does not answer`]])
  assert.equal(asked.length, length)
})

test('Transmission without labels gets no torrent', async (t) => {
  const { asked, client } = await startAnswering(t, 'transmission', {
    'session-get': { 'rpc-version': 15 },
  })
  await assert.rejects(client.add([TORRENT]), /before 3\.00 has no labels/)
  assert.equal(asked.length, 1)
})

test('rtorrent gets what makes a torrent whole to it, as long as its files keep their times', async (t) => {
  const { asked, client } = await startAnswering(t, 'rtorrent')
  await client.add([{ ...TORRENT, fileTimes: [1_600_000_000] }])
  const sent = Buffer.from(String(asked.at(-1)?.[3]), 'base64').toString('latin1')
  const files = 'l d9:completedi1e5:mtimei1600000000e8:priorityi0ee e'.replaceAll(' ', '')
  assert.ok(sent.includes(`17:libtorrent_resumed8:bitfieldi1e5:files${files}e`), sent)
  assert.equal(clientInfoHash(parseMetainfo(Buffer.from(sent, 'latin1'))), INFO_HASH)
})

test('rtorrent is asked again to remove a torrent whose data it checks', async (t) => {
  const answers = [['checking'], [0]]
  const { asked, client } = await startAnswering(t, 'rtorrent', {
    get 'system.multicall'() {
      return [answers.shift()]
    },
  })
  await client.remove([INFO_HASH])
  assert.equal(answers.length, 0)
  assert.equal(asked.filter(([method]) => method === 'system.multicall').length, 2)
})
