import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import {
  clientInfoHash,
  type ClientTorrent,
  type ClientTorrentState,
} from '../../../src/core/publish/client.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { parseClientAddress } from '../../../src/seeding/clients/address.js'
import { connectClient } from '../../../src/seeding/clients/connect.js'
import { infoHashOf } from '../../support/info-hashes.js'
import { serveLocally } from '../../support/listen.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

const TORRENT = {
  metainfo: parseMetainfo(torrentOf(singleFileInfo())),
  directory: '/srv',
  fileTimes: null,
  category: 'films',
}
const BYTES = Buffer.from(TORRENT.metainfo.bytes).toString('base64')
const INFO_HASH = clientInfoHash(TORRENT.metainfo)

/** A request: its method, and what it says. */
type Asked = readonly [method: string, ...parameters: unknown[]]

/** Values by name. */
type Row = Readonly<Record<string, unknown>>

/** A client as its protocol has it. */
interface Fake {
  /** Reads a request into the calls that it makes. */
  readonly read: (request: IncomingMessage, body: Buffer) => Asked[]
  /** Its results by method. */
  readonly results: Row
  readonly answer: (results: readonly unknown[], asked: readonly Asked[]) => string
}

/** qBittorrent's identifier of the torrent. */
const ID = 'c'.repeat(40)

const qbittorrent: Fake = {
  read({ url = '' }, body) {
    const text = body.toString()
    const form = Array.from(text.matchAll(/name="(\w+)"\r\n\r\n(.*)\r/g), ([, ...field]) => field)
    const fields = form.length > 0 ? form : new URLSearchParams(text)
    return [[url.slice('/api/v2/'.length), Object.fromEntries(fields)]]
  },
  results: {
    'torrents/info': [{ hash: ID, infohash_v1: INFO_HASH }],
    'app/webapiVersion': '2.11.0',
  },
  answer: ([result = 'Ok.']) => (typeof result === 'string' ? result : JSON.stringify(result)),
}

const transmission: Fake = {
  read(_request, body) {
    const { method, arguments: values } = JSON.parse(body.toString()) as Record<string, unknown>
    return [[String(method), values]]
  },
  results: {
    'session-get': { 'rpc-version': 16 },
    'torrent-add': { 'torrent-added': { hashString: INFO_HASH } },
    'torrent-get': { torrents: [{ hashString: INFO_HASH, labels: ['iso'] }] },
  },
  answer: ([result = {}]) => JSON.stringify({ result: 'success', arguments: result }),
}

const SESSION = 'x-transmission-session-id'

/** A value of XML-RPC. */
function xml(value: unknown): string {
  if (typeof value === 'number') return `<value><i8>${value}</i8></value>`
  if (!Array.isArray(value)) return `<value><string>${String(value)}</string></value>`
  return `<value><array><data>${value.map(xml).join('')}</data></array></value>`
}

const rtorrent: Fake = {
  read(_request, body) {
    // The words of a call are all that it says
    const words = body.toString().matchAll(/<(methodName|string|base64)>([^<]*)</g)
    return [Array.from(words, ([, , word]) => word ?? '') as unknown as Asked]
  },
  results: {
    'network.xmlrpc.size_limit': 524288,
    'execute.capture_nothrow': '5\n',
  },
  answer: ([result = [0]]) =>
    `<methodResponse><params><param>${xml(result)}</param></params></methodResponse>`,
}

/** Methods that change a torrent that is there. */
const WRITES = /Tags|start|set$|delete|remove|multicall/

const FAKES = { qbittorrent, transmission, rtorrent }

/** Starts a client, with results beside its usual ones. */
async function start(t: TestContext, kind: keyof typeof FAKES, others: Row = {}) {
  const asked: Asked[] = []
  const fake = FAKES[kind]
  let [isClosing, isRefusing] = [false, false]
  const port = await serveLocally(t, (request, response) => {
    if (isClosing) {
      isClosing = false
      request.socket.destroy()
      return
    }
    void buffer(request).then((body) => {
      const isKnown = request.headers[SESSION] === 'secret'
      if (kind === 'transmission' && !isKnown) {
        response.writeHead(409, { [SESSION]: 'secret' }).end()
        return
      }
      const calls = fake.read(request, body)
      asked.push(...calls)
      if (isRefusing && calls.some(([method]) => WRITES.test(method))) {
        response.writeHead(500).end()
        return
      }
      const own = calls.map(([method]) => others[method] ?? fake.results[method])
      response.end(fake.answer(own, calls))
    })
  })
  const address = parseClientAddress(`${kind}+http://127.0.0.1:${port}`)
  const { signal } = new AbortController()
  const closeNext = () => {
    isClosing = true
  }
  const refuse = () => {
    isRefusing = true
  }
  return { asked, closeNext, refuse, client: connectClient(address, { timeoutMs: 60_000, signal }) }
}

const UPPER = INFO_HASH.toUpperCase()

const lives: readonly (readonly [keyof typeof FAKES, readonly Asked[]])[] = [
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
    const { asked, client, refuse } = await start(t, kind)
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
    const { client, closeNext } = await start(t, kind)
    await client.list()
    closeNext()
    assert.equal((await client.list([INFO_HASH])).length, 1)
  })

  test(`an answer of ${kind} that is no list is no empty list`, async (t) => {
    const { client } = await start(t, kind, { 'torrents/info': {}, 'torrent-get': {} })
    await assert.rejects(client.list(), { code: 'client', message: /: no list of torrents$/ })
  })
}

/** The torrent as each client lists it. */
const LISTED: ClientTorrent = {
  infoHash: INFO_HASH,
  name: 'a',
  directory: '/srv',
  isMarked: true,
  state: 'seeding',
  message: null,
  size: 8,
  bytesDone: 5,
  peers: 3,
  uploadRate: 4,
  downloadRate: 5,
  ratio: 0.5,
}

/** What makes a row of a client's list another one, and another torrent. */
type Listed = readonly [row: Row, torrent: Partial<ClientTorrent>]

/** Rows that are in one state. */
const inState = (state: ClientTorrentState, ...names: readonly string[]): Listed[] =>
  names.map((name) => [{ state: name }, { state }])

const lists: readonly (readonly [
  kind: keyof typeof FAKES,
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
    const { client } = await start(
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
  kind: keyof typeof FAKES,
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
    const { asked, client } = await start(t, kind, results)
    const [listed] = await client.list([INFO_HASH])
    await client.add([{ ...TORRENT, settings: listed?.settings }]).catch(() => null)
    assert.deepEqual(again(asked), expected)
  })
}

test('qBittorrent before version 5 starts by another word', async (t) => {
  const { asked, client } = await start(t, 'qbittorrent', { 'app/webapiVersion': '2.10.4' })
  await client.start([INFO_HASH])
  assert.equal(asked.at(-1)?.[0], 'torrents/resume')
})

for (const [isOn, priority, isAsked] of [
  [true, 0, true],
  [false, 0, false],
  [true, 1, false],
] as const) {
  test(`qBittorrent ${isAsked ? 'gets' : 'keeps'} files of priority ${priority}, names excluded: ${isOn}`, async (t) => {
    const { asked, client } = await start(t, 'qbittorrent', {
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
  const { asked, client } = await start(t, 'qbittorrent', {
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
  const { asked, client } = await start(t, 'transmission', { 'session-get': { 'rpc-version': 15 } })
  await assert.rejects(client.add([TORRENT]), /before 3\.00 has no labels/)
  assert.equal(asked.length, 1)
})

test('rtorrent is asked again to remove a torrent whose data it checks', async (t) => {
  const answers = [['checking'], [0]]
  const { asked, client } = await start(t, 'rtorrent', {
    get 'system.multicall'() {
      return [answers.shift()]
    },
  })
  await client.remove([INFO_HASH])
  assert.equal(answers.length, 0)
  assert.equal(asked.filter(([method]) => method === 'system.multicall').length, 2)
})
