import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TorrentClient } from '../../../src/core/publish/client.js'
import {
  startAnswering,
  TORRENT,
  type AnsweringKind,
  type Row,
} from '../../support/answering-clients.js'

const add = async (client: TorrentClient) => {
  const [failure] = await client.add([TORRENT])
  return failure?.message.slice(client.label.length + 2) ?? null
}
const look = (count: number) => (client: TorrentClient) =>
  client.findData!(new Array(count).fill(TORRENT))

/** A result that is another one each time. */
const oneAfterTheOther = (method: string, results: unknown[]): Row => {
  return Object.defineProperty({}, method, { get: () => results.shift(), enumerable: true })
}
const LIMIT = 'network.xmlrpc.size_limit'
const SIZES = 'execute.capture_nothrow'
const INVALID = 'invalid or corrupt torrent file'

const answers: readonly (readonly [
  what: string,
  kind: AnsweringKind,
  results: Row,
  act: (client: TorrentClient) => Promise<unknown>,
  outcome: unknown,
])[] = [
  [
    'refuses a torrent',
    'qbittorrent',
    { 'torrents/add': 'Fails.' },
    add,
    'rejected the torrent; see its log',
  ],
  [
    'has a torrent already',
    'transmission',
    { 'torrent-add': { 'torrent-duplicate': { hashString: 'x' } } },
    add,
    'has this torrent already',
  ],
  [
    'knows no such torrents',
    'transmission',
    { 'torrent-add': INVALID, 'session-get': { version: '4.0.5', 'rpc-version': 17 } },
    add,
    `Transmission 4.0.5 can't open this torrent: ${INVALID}`,
  ],
  ['has no room', 'transmission', { 'torrent-add': 'no room' }, add, 'no room'],
  ['takes just this call', 'rtorrent', { [LIMIT]: 741 }, add, null],
  [
    'takes no larger call',
    'rtorrent',
    { [LIMIT]: 740 },
    add,
    'its network.xmlrpc.size_limit is 740 bytes, and this torrent takes 741',
  ],
  ['sees all data', 'rtorrent', { [SIZES]: '5\n5\n' }, look(2), [true, true]],
  ['misses data', 'rtorrent', oneAfterTheOther(SIZES, ['5\n', '', '5\n']), look(2), [false, true]],
  ['sees another size', 'rtorrent', { [SIZES]: '4\n' }, look(1), [false]],
]

for (const [what, kind, results, act, outcome] of answers) {
  test(`it is told that ${kind} ${what}`, async (t) => {
    const { client } = await startAnswering(t, kind, results)
    assert.deepEqual(await act(client), outcome)
  })
}
