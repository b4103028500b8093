import assert from 'node:assert/strict'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { keepTorrents } from '../../../src/admin/torrents/keep.js'
import { Trays, WAIT_MS } from '../../../src/admin/torrents/tray.js'
import { MAX_WAITING, type UploadedFile } from '../../../src/admin/torrents/upload.js'
import {
  filesBelow,
  openTestDesk,
  OTHER,
  torrentNamed,
  uploadOf,
  UPLOADER,
} from '../../support/desk.js'

const A = torrentNamed('a')
const B = torrentNamed('b')

test('uploaded torrents wait in the tray of their user until they are kept', async (t) => {
  const { desk, trays, root } = openTestDesk(t)
  const { names, refused } = await trays.receive('uli', uploadOf({ 'a.torrent': A, b: B }), 0)
  assert.deepEqual([names, refused], [['a.torrent', 'b.torrent'], []])
  assert.deepEqual(filesBelow(join(root, 't')), ['readme.txt'])
  assert.deepEqual(
    trays.list('uli').map(({ metainfo }) => metainfo.name),
    ['a', 'b'],
  )
  assert.deepEqual(trays.list('ute'), [])
  const keep = new Map([['a.torrent', 'first.torrent']])
  const [outcome] = await keepTorrents(desk, UPLOADER, { trays, to: '0', names: keep })
  assert.equal(outcome!.error, null)
  assert.deepEqual(filesBelow(join(root, 't')), ['first.torrent', 'readme.txt'])
  assert.deepEqual(
    trays.list('uli').map(({ name }) => name),
    ['b.torrent'],
  )
  assert.deepEqual(UPLOADER.notes, [`uli add ${root}/t/first.torrent`])
  assert.equal(desk.owners.lastAt(join(root, 't', 'first.torrent')), 'uli')
})

test('what is no torrent is refused with one line, and the rest is taken', async (t) => {
  const { trays, stateDirectory } = openTestDesk(t)
  const files = {
    'page.torrent': '<html>'.repeat(100),
    'empty.torrent': '',
    'cut.torrent': A.subarray(0, 50),
    '../../up.torrent': A,
    'C:\\fake\\.hidden.torrent': B,
    'ok.torrent': B,
  }
  const { names, refused } = await trays.receive('uli', uploadOf(files), 0)
  assert.deepEqual(names, ['up.torrent', 'ok.torrent'])
  const told = refused.map(({ message }) => message)
  assert.equal(told.length, 4)
  assert.match(told[0]!, /^page\.torrent: not a torrent \(it begins with "<html>/)
  assert.match(told[3]!, /"\.hidden\.torrent" begins with a dot/)
  for (const line of told) assert.doesNotMatch(line, /\n/)
  assert.equal(filesBelow(join(stateDirectory, 'uploads')).length, 2)
})

/** Zeros without an end, as a torrent or as something else. */
async function* endless(begin: string): AsyncGenerator<Uint8Array> {
  await Promise.resolve()
  yield Buffer.from(begin)
  for (const chunk = Buffer.alloc(4_000_000); ;) yield chunk
}

async function* one(begin: string): AsyncGenerator<UploadedFile> {
  await Promise.resolve()
  yield { name: 'a.torrent', content: endless(begin) }
}

test('too large an upload ends early, and nothing of it is stored', async (t) => {
  const { trays, stateDirectory } = openTestDesk(t)
  const never = uploadOf({ 'a.torrent': A })
  await assert.rejects(trays.receive('uli', never, 2 ** 30), { code: 'too-large' })
  for (const begin of ['d4:info', 'junk'])
    await assert.rejects(trays.receive('uli', one(begin), 0), { code: 'too-large' })
  assert.deepEqual(filesBelow(stateDirectory), [])
})

test('10,000 files are refused, and nothing of them is stored', async (t) => {
  const { trays, stateDirectory } = openTestDesk(t)
  let sent = 0
  const many = async function* (): AsyncGenerator<UploadedFile> {
    for (; sent < 10_000; sent++) yield* uploadOf({ [`${sent}.torrent`]: A })
  }
  await assert.rejects(trays.receive('uli', many(), 0), { code: 'too-many' })
  assert.equal(sent, MAX_WAITING)
  assert.deepEqual(filesBelow(stateDirectory), [])
})

test('a name that is taken gets a number, and the same torrent waits once', async (t) => {
  const { trays } = openTestDesk(t)
  for (const bytes of [A, B, A]) await trays.receive('uli', uploadOf({ 'a.torrent': bytes }), 0)
  assert.deepEqual(
    trays.list('uli').map(({ name }) => name),
    ['a (2).torrent', 'a.torrent'],
  )
})

test('what nobody keeps is removed after a day', async (t) => {
  const { trays, stateDirectory } = openTestDesk(t)
  await trays.receive('uli', uploadOf({ 'a.torrent': A, 'b.torrent': B }), 0)
  const [old] = filesBelow(stateDirectory)
  const then = (Date.now() - WAIT_MS - 1000) / 1000
  utimesSync(join(stateDirectory, old!), then, then)
  new Trays(stateDirectory, () => Date.now()).sweep()
  assert.equal(filesBelow(stateDirectory).length, 1)
})

test('keeping never replaces a file, and a repeated one counts as kept', async (t) => {
  const { desk, trays, root } = openTestDesk(t, { 't/a.torrent': B, 't/b.torrent': B })
  await trays.receive('uli', uploadOf({ 'a.torrent': A, 'b.torrent': B }), 0)
  const names = new Map(['a.torrent', 'b.torrent', 'gone.torrent'].map((name) => [name, name]))
  const outcomes = await keepTorrents(desk, UPLOADER, { trays, to: '0', names })
  assert.deepEqual(
    outcomes.map(({ error }) => error?.code ?? null),
    ['exists', null, 'not-found'],
  )
  assert.deepEqual(
    trays.list('uli').map(({ name }) => name),
    ['a.torrent'],
  )
  assert.deepEqual(filesBelow(join(root, 't')), ['a.torrent', 'b.torrent', 'readme.txt'])
})

test('who uploads a torrent of somebody else does not become its owner', async (t) => {
  const { desk, trays, root } = openTestDesk(t)
  for (const actor of [UPLOADER, OTHER]) {
    await trays.receive(actor.user.name, uploadOf({ 'a.torrent': A }), 0)
    await keepTorrents(desk, actor, {
      trays,
      to: '0',
      names: new Map([['a.torrent', 'a.torrent']]),
    })
  }
  assert.equal(desk.owners.lastAt(join(root, 't', 'a.torrent')), 'uli')
})
