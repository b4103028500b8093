import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columnsOf } from '../../../src/cli/output/bar.js'
import { sortTorrents, torrentTable } from '../../../src/cli/output/torrent-table.js'
import type { ClientTorrent } from '../../../src/core/publish/client.js'
import { infoHashOf } from '../../support/info-hashes.js'

function torrentOf(name: string, changes: Partial<ClientTorrent> = {}): ClientTorrent {
  return {
    infoHash: infoHashOf('ab'.repeat(20)),
    name,
    directory: '/srv',
    isMarked: true,
    state: 'seeding',
    message: null,
    size: 200,
    bytesDone: 199,
    peers: 12,
    uploadRate: 1536,
    downloadRate: 0,
    ratio: 1.234,
    ...changes,
  }
}

const tableOf = (torrents: readonly ClientTorrent[], width: number) =>
  torrentTable(sortTorrents(torrents), width)

test('a torrent is a line below the headings, sorted by name', () => {
  assert.deepEqual(tableOf([torrentOf('b.iso'), torrentOf('a.iso', { size: 0 })], 80), [
    'name                state       done peers         up       down  ratio hash',
    'a.iso               seeding        -    12  1.5 KiB/s          -   1.23 abababab',
    'b.iso               seeding     100%    12  1.5 KiB/s          -   1.23 abababab',
  ])
})

test('a torrent that lacks a byte is not at 100%', () => {
  const [, line] = torrentTable([torrentOf('a.iso', { state: 'downloading' })], 80)
  assert.match(line ?? '', /downloading +99%/)
})

test('torrents of one name show their info hashes, and are sorted by them', () => {
  const torrents = ['ef', 'cd'].map((digits) =>
    torrentOf('rel', { infoHash: infoHashOf(digits.repeat(20)) }),
  )
  assert.deepEqual(tableOf(torrents, 45), [
    'name                state       done hash',
    'rel                 seeding     100% cdcdcdcd',
    'rel                 seeding     100% efefefef',
  ])
})

test('the order is by name, with those first that come first', () => {
  const torrents = ['c', 'a', 'b'].map((name) => torrentOf(name))
  const sorted = sortTorrents(torrents, ({ name }) => name === 'b')
  assert.deepEqual(
    sorted.map(({ name }) => name),
    ['b', 'a', 'c'],
  )
})

test('no line is longer than the terminal is wide', () => {
  for (const width of [20, 60, 80, 200]) {
    const torrents = ['x', '日', 'ü'].map((letter) => torrentOf(letter.repeat(300)))
    const lines = torrentTable(torrents, width)
    assert.ok(lines.every((line) => columnsOf(line) <= width))
  }
})

test('on a narrow terminal columns are left out, and none is cut in two', () => {
  const torrents = [torrentOf('a-long-name-of-a-file.iso')]
  assert.deepEqual(torrentTable(torrents, 60), [
    'name         state       done         up       down hash',
    'a-long-name… seeding     100%  1.5 KiB/s          - abababab',
  ])
  assert.deepEqual(torrentTable(torrents, 45), [
    'name                state       done hash',
    'a-long-name-of-a-f… seeding     100% abababab',
  ])
  assert.deepEqual(torrentTable(torrents, 30), [
    'name          state       done',
    'a-long-name-… seeding     100%',
  ])
  assert.deepEqual(torrentTable(torrents, 14), ['name', 'a-long-name-o…'])
})

test('columns stay aligned behind names of double width', () => {
  const lines = tableOf([torrentOf('日本語の長い名前のファイル.iso'), torrentOf('z.iso')], 81)
  assert.deepEqual(lines.slice(1), [
    'z.iso                seeding     100%    12  1.5 KiB/s          -   1.23 abababab',
    '日本語の長い名前の…  seeding     100%    12  1.5 KiB/s          -   1.23 abababab',
  ])
})

test('a name can do nothing to a terminal', () => {
  const lines = torrentTable([torrentOf('a\u001b[31m\nb')], 80)
  assert.equal(lines.length, 2)
  assert.ok(!lines.join('').includes('\u001b'))
})

test('a refusal of a tracker is printed in full below its torrent', () => {
  const message = 'Tracker: [Failure reason "Requested download is not authorized"]'
  assert.deepEqual(torrentTable([torrentOf('a.iso', { message }), torrentOf('b.iso')], 45), [
    'name                state       done hash',
    'a.iso               seeding     100% abababab\n' +
      '  Tracker: [Failure reason "Requested\n  download is not authorized"]',
    'b.iso               seeding     100% abababab',
  ])
})

test('a message can do nothing to a terminal either, nor be wider than it', () => {
  const message = `\u001b[31m\n${'日'.repeat(99)}`
  const lines = torrentTable([torrentOf('a', { message })], 30)
    .join('\n')
    .split('\n')
  assert.ok(lines.every((line) => columnsOf(line) <= 30 && !line.includes('\u001b')))
})

test('a terminal of one or two columns shows what fits', () => {
  for (const width of [1, 2, 3]) {
    const lines = torrentTable([torrentOf('a.iso', { message: 'refused by 日本' })], width)
    const all = lines.join('\n').split('\n')
    assert.ok(
      all.every((line) => columnsOf(line) <= Math.max(width, 4)),
      all.join('|'),
    )
  }
})
