import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseTorrent, readTorrent } from '../../src/core/read-torrent.js'
import { failure } from '../files/failure.js'
import { makeScratch } from '../support/scratch.js'
import { singleFileInfo, torrentOf } from '../support/torrents.js'

const LIMIT = 1_000_000

test('a torrent is read from its file', (t) => {
  const directory = makeScratch(t, { 'x.torrent': torrentOf(singleFileInfo()) })
  assert.equal(readTorrent(join(directory, 'x.torrent'), LIMIT).name, 'a.txt')
})

test('a fault in a torrent is said of its file', (t) => {
  const path = join(makeScratch(t, { 'x.torrent': 'd4:infoi1ee' }), 'x.torrent')
  assert.throws(
    () => readTorrent(path, LIMIT),
    (error: Error) => {
      assert.ok(error.message.startsWith(`${path}: `), error.message)
      return failure('metainfo', error.message)(error)
    },
  )
})

test('bytes that are no torrent are said to be so, by the name of where they came from', () => {
  assert.throws(
    () => parseTorrent(Buffer.from('hello'), 'standard input', LIMIT),
    failure('bencode', 'standard input: not a torrent (it begins with "hello")'),
  )
})

test('a file that is larger than the limit is refused', (t) => {
  const bytes = torrentOf(singleFileInfo())
  const path = join(makeScratch(t, { 'x.torrent': bytes }), 'x.torrent')
  assert.equal(readTorrent(path, bytes.length).name, 'a.txt')
  const message = `${path}: larger than the limit of ${bytes.length - 1} bytes`
  assert.throws(() => readTorrent(path, bytes.length - 1), failure('too-large', message))
})

test('a large file that is no torrent is said to be none', (t) => {
  const path = join(makeScratch(t, { 'x.iso': 'content of a disk' }), 'x.iso')
  const message = `${path}: not a torrent (it begins with "content of a disk")`
  assert.throws(() => readTorrent(path, 10), failure('bencode', message))
})

test('a directory is said to be one', (t) => {
  const path = makeScratch(t)
  assert.throws(() => readTorrent(path, LIMIT), failure('io', `${path}: is a directory`))
})

test('a file that is not there is named', (t) => {
  const path = join(makeScratch(t), 'gone')
  const message = `${path}: no such file or directory`
  assert.throws(() => readTorrent(path, LIMIT), failure('not-found', message))
})
