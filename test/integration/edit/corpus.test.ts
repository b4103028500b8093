import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, after, test } from 'node:test'
import { encodeBencode } from '../../../src/metainfo/bencode/encode.js'
import type { BencodeDict } from '../../../src/metainfo/bencode/value.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { makeWithLibtorrent } from '../../metainfo/libtorrent.js'
import { longTest, quickFirst } from '../../support/long.js'
import {
  findPeer,
  libtorrentPython,
  unlessInstalled,
  unlessLibtorrent,
} from '../../support/peers.js'
import { assertQuiet, jsonLines, runBtkit } from '../../support/run-btkit.js'
import { type Scope, makeScratch } from '../../support/scratch.js'
import {
  type Plain,
  torrentOf,
  singleFileInfo,
  bencodableDict,
  directoryInfo,
  editedGolden,
  goldenTorrent,
  TRACKER,
} from '../../support/torrents.js'
import { makeWithWebtorrent } from '../../support/webtorrent.js'
import { withoutKeys } from '../../support/without-keys.js'

const A = 'http://a.example/announce'
const B = 'udp://b.example:6969/announce'
const SEED = 'http://seed.example/files/'

/** The arguments of each editor, and the top-level keys that it may change. */
const EDITS: Record<string, { args: string[]; keys: string[] }> = {
  'reannounce in the old way': {
    args: ['reannounce', A, '--announce-list', `${A},${B}|http://c.example/`],
    keys: ['announce', 'announce-list'],
  },
  'reannounce without a list': { args: ['reannounce', A], keys: ['announce', 'announce-list'] },
  'reannounce by steps': {
    args: ['reannounce', '--add-tracker', B, '--replace-tracker', `http://t.example=${A}`],
    keys: ['announce', 'announce-list'],
  },
  copyannounce: { args: ['copyannounce', 'SOURCE'], keys: ['announce', 'announce-list'] },
  sethttpseeds: { args: ['sethttpseeds', `${SEED}|${SEED}b`], keys: ['httpseeds'] },
  'edit --web-seed': { args: ['edit', '--web-seed', SEED], keys: ['url-list'] },
  'sethttpseeds 0': { args: ['sethttpseeds', '0'], keys: ['httpseeds'] },
  'edit --web-seed 0': { args: ['edit', '--web-seed', '0'], keys: ['url-list'] },
  edit: {
    args: ['edit', '--comment', 'new', '--no-created-by', '--date', '7'],
    keys: ['comment', 'comment.utf-8', 'created by', 'created by.utf-8', 'creation date'],
  },
  'edit of lists': {
    args: [
      'edit',
      '--set=nodes=[["n.example",1]]',
      `--add-web-seed=${SEED}`,
      '--set=collections=["c"]',
    ],
    keys: ['nodes', 'url-list', 'collections'],
  },
}

interface Planted {
  readonly name: string
  readonly path: string
  readonly bytes: Buffer
}

const corpusOnce = editCorpus({ after })

/** The corpus as files, and the arguments of an edit with its source in place. */
async function plant(t: TestContext): Promise<{ torrents: Planted[]; source: string }> {
  const corpus = await corpusOnce
  const source = torrentOf(singleFileInfo(), { announce: A, 'announce-list': [[A, B], [B]] })
  const root = makeScratch(t, { source })
  const torrents = [...corpus].map(([name, bytes], i) => {
    return { name, path: join(makeScratch(t, { [`${i}.torrent`]: bytes }), `${i}.torrent`), bytes }
  })
  return { torrents, source: join(root, 'source') }
}

const testEdit = quickFirst(3)

for (const [name, { args, keys }] of Object.entries(EDITS)) {
  testEdit(`${name}: info hash and all bytes but those of its keys stay`, async (t) => {
    const { torrents, source } = await plant(t)
    const given = args.map((arg) => (arg === 'SOURCE' ? source : arg))
    const paths = torrents.map(({ path }) => path)
    assertQuiet(await runBtkit([...given, '--quiet', ...paths]))
    for (const { name, path, bytes } of torrents) {
      const after = readFileSync(path)
      const [old, now] = [parseMetainfo(bytes), parseMetainfo(after)]
      assert.deepEqual([now.infoHash, now.infoHashV2], [old.infoHash, old.infoHashV2], name)
      assert.equal(withoutKeys(after, keys), withoutKeys(bytes, keys), name)
      utimesSync(path, 1000, 1000)
    }
    await runBtkit([...given, '--quiet', ...paths])
    for (const { name, path } of torrents) {
      assert.equal(statSync(path).mtimeMs, 1_000_000, `${name} is written once only`)
    }
  })
}

const INFO_EDITS: Record<string, { args: (path: string) => string[]; keys: string[] }> = {
  rename: {
    args: (path) => ['rename', path, 'another name'],
    keys: ['name', 'name.utf-8', 'file tree'],
  },
  'edit --private --source': {
    args: (path) => ['edit', path, '--private', '--source', 'ÜX'],
    keys: ['private', 'source'],
  },
}

for (const [name, { args, keys }] of Object.entries(INFO_EDITS)) {
  test(`${name}: outside info nothing changes, and inside only its keys`, async (t) => {
    const { torrents } = await plant(t)
    for (const { name, path, bytes } of torrents) {
      const { status, stderr } = await runBtkit([...args(path), '--quiet'])
      assert.deepEqual([status, stderr], [0, ''], name)
      const after = readFileSync(path)
      assert.equal(withoutKeys(after, ['info']), withoutKeys(bytes, ['info']), name)
      assert.equal(withoutKeys(infoOf(after), keys), withoutKeys(infoOf(bytes), keys), name)
      const { files, isDirectory } = parseMetainfo(bytes)
      const now = parseMetainfo(after)
      assert.equal(now.isDirectory, isDirectory, name)
      if (isDirectory) assert.deepEqual(now.files, files, name)
    }
  })
}

function infoOf(bytes: Buffer): Uint8Array {
  const { infoSpan } = parseMetainfo(bytes)
  return bytes.subarray(infoSpan.start, infoSpan.end)
}

const READ = `
import json, libtorrent, sys
for path in json.load(sys.stdin):
    info = libtorrent.torrent_info(path)
    hashes = info.info_hashes()
    print(json.dumps({
        "name": info.name(), "v1": str(hashes.v1), "v2": str(hashes.v2),
        "trackers": [[t.url, t.tier] for t in info.trackers()],
        "seeds": sorted(s["url"] for s in info.web_seeds()),
    }))
`

interface Reading {
  readonly name: string
  readonly v1: string
  readonly v2: string
  readonly trackers: [url: string, tier: number][]
  readonly seeds: string[]
}

function readWithLibtorrent(paths: string[]): Reading[] {
  const options = { input: JSON.stringify(paths), encoding: 'utf8' as const }
  const { status, stdout, stderr } = spawnSync(libtorrentPython!, ['-c', READ], options)
  assert.equal(status, 0, stderr)
  return jsonLines<Reading>(stdout)
}

/** libtorrent takes no white space after the end, before an edit or after one. */
const libtorrentReads = ({ name }: Planted) => !name.includes('white space')

test(
  'libtorrent reads the results, with the trackers and seeds set',
  unlessLibtorrent,
  async (t) => {
    const { torrents } = await plant(t)
    const paths = torrents.filter(libtorrentReads).map(({ path }) => path)
    const list = `${A},${B}|http://c.example/`
    await runBtkit(['reannounce', A, '--announce-list', list, ...paths])
    await runBtkit(['edit', '--web-seed', SEED, ...paths])
    readWithLibtorrent(paths).forEach((reading, i) => {
      const { infoHash, infoHashV2, name } = parseMetainfo(readFileSync(paths[i]!))
      assert.equal(reading.v1, infoHash ?? '0'.repeat(40))
      assert.equal(reading.v2, infoHashV2 ?? '0'.repeat(64))
      assert.equal(reading.name, name)
      const expected = [`${A} 0`, `${B} 0`, 'http://c.example/ 1']
      const found = reading.trackers.map(([url, tier]) => `${url} ${tier}`)
      assert.deepEqual(found.sort(), expected.sort())
      assert.ok(reading.seeds.includes(SEED))
    })
  },
)

longTest('libtorrent reads a renamed torrent by its new hash', unlessLibtorrent, async (t) => {
  const { torrents } = await plant(t)
  const paths = torrents.filter(libtorrentReads).map(({ path }) => path)
  for (const path of paths) await runBtkit(['rename', path, 'another'])
  readWithLibtorrent(paths).forEach(({ name, v1, v2 }, i) => {
    const { infoHash, infoHashV2 } = parseMetainfo(readFileSync(paths[i]!))
    assert.equal(name, 'another')
    assert.deepEqual([v1, v2], [infoHash ?? '0'.repeat(40), infoHashV2 ?? '0'.repeat(64)])
  })
})

const needsTransmission = unlessInstalled('transmission-show')

longTest('Transmission reads the results, with the trackers set', needsTransmission, async (t) => {
  const { torrents } = await plant(t)
  // Of unsorted info it has a hash of its own, and of some torrents it has none
  const hashes = torrents.map(({ path }) => [path, transmissionHash(path)] as const)
  const before = new Map(hashes.filter(([, hash]) => hash !== undefined))
  const paths = [...before.keys()]
  assert.ok(paths.length >= 15)
  await runBtkit(['reannounce', A, '--announce-list', `${A}|${B}`, ...paths])
  for (const path of paths) {
    const { stdout } = spawnSync('transmission-show', [path], { encoding: 'utf8' })
    const trackers = /^TRACKERS\n([^]*?)\n\n[A-Z]/m.exec(stdout)?.[1] ?? ''
    assert.deepEqual(trackers.match(/\S+:\/\/\S+/g), [A, B], path)
    assert.equal(transmissionHash(path), before.get(path))
  }
})

function transmissionHash(path: string): string | undefined {
  const { stdout } = spawnSync(findPeer('transmission-show')!, [path], { encoding: 'utf8' })
  return /^\s*Hash(?: v1)?: (\w{40})$/m.exec(stdout)?.[1]
}

/** Valid torrents of all kinds, by name. */
async function editCorpus(t: Scope): Promise<Map<string, Buffer>> {
  return new Map([...(await fixtures()), ...golden(), ...odd(), ...fromPeers(t)])
}

type Entry = [name: string, torrent: Buffer]

async function fixtures(): Promise<Entry[]> {
  return [...(await makeWithWebtorrent())].map(([name, torrent]) => [
    `webtorrent: ${name}`,
    torrent,
  ])
}

const GOLDEN = ['v2-single', 'v2-directory', 'hybrid-directory']

function golden(): Entry[] {
  return GOLDEN.flatMap((name): Entry[] => {
    const torrent = `${name}.torrent`
    return [
      [`golden ${name}`, Buffer.from(goldenTorrent(torrent))],
      [`${name} without layers`, Buffer.from(editedGolden(torrent, removeLayers))],
      [`${name} with wrong layers`, Buffer.from(editedGolden(torrent, spoilLayers))],
    ]
  })
}

function removeLayers(top: BencodeDict): void {
  top.delete('piece layers')
}

function spoilLayers(top: BencodeDict): void {
  const layers = top.get('piece layers') as Map<string, Uint8Array>
  for (const [root, layer] of layers) layers.set(root, new Uint8Array(layer.length))
}

/** Bencode whose keys stand in the order given. */
function unsorted(entries: Record<string, Plain>): Buffer {
  const inner = Object.entries(entries).map(([key, value]) => {
    return encodeBencode(bencodableDict({ [key]: value })).subarray(1, -1)
  })
  return Buffer.concat([Buffer.from('d'), ...inner, Buffer.from('e')])
}

function odd(): Entry[] {
  const info = singleFileInfo()
  const binary = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
  const unsortedInfo = unsorted({ pieces: info['pieces']!, zzz: 1, ...info })
  const made: Record<string, Uint8Array> = {
    'unsorted keys': unsorted({ info, zzz: 1, announce: TRACKER, aaa: [], comment: 'x' }),
    'unsorted info': Buffer.concat([
      Buffer.from('d4:info'),
      unsortedInfo,
      Buffer.from(`3:zzzi1e8:announce${TRACKER.length}:${TRACKER}e`),
    ]),
    'unknown keys': torrentOf(singleFileInfo({ odd: { a: [1, 'x'] } }), { aaa: 'x', zzz: {} }),
    'binary values': torrentOf(singleFileInfo({ binary }), { comment: binary, zzz: binary }),
    'empty announce list': torrentOf(info, { announce: TRACKER, 'announce-list': [] }),
    'a tier that is text': torrentOf(info, { announce: TRACKER, 'announce-list': [TRACKER] }),
    'seeds that are text': torrentOf(info, { httpseeds: 'http://a/', 'url-list': 'http://a/' }),
    'no announce': torrentOf(info),
    'white space after the end': Buffer.concat([torrentOf(info), Buffer.from('\r\n')]),
    'large integers': torrentOf(info, { 'creation date': 2n ** 62n, zzz: -(2n ** 63n) }),
    'key of no text': torrentOf(directoryInfo([{ length: 5, path: ['ü'] }]), { '': 1, ü: 2 }),
  }
  return Object.entries(made).map(([name, bytes]) => [`odd: ${name}`, Buffer.from(bytes)])
}

/** Torrents made by other programs that are installed here. */
function fromPeers(t: Scope): Entry[] {
  const root = makeScratch(t, { 'content/a.txt': 'a'.repeat(70_000), 'content/d/b': 'b' })
  const source = join(root, 'content')
  const out = (name: string) => join(root, `${name}.torrent`)
  const commands: Record<string, string[]> = {
    mktorrent: ['-a', TRACKER, '-o', out('mktorrent'), source],
    'transmission-create': ['-t', TRACKER, '-o', out('transmission-create'), source],
  }
  const made = Object.entries(commands).flatMap(([name, args]): Entry[] => {
    if (findPeer(name) === null || spawnSync(name, args).status !== 0) return []
    return [[name, readFileSync(out(name))]]
  })
  if (libtorrentPython === null) return made
  const versions = (['v2', 'hybrid'] as const).map((version): Entry => {
    return [`libtorrent ${version}`, makeWithLibtorrent(version, 'single')]
  })
  return [...made, ...versions, ['libtorrent v1', makeV1(source)]]
}

const MAKE_V1 = `
import libtorrent, os, sys
storage = libtorrent.file_storage()
libtorrent.add_files(storage, sys.argv[1])
torrent = libtorrent.create_torrent(storage, 16384, libtorrent.create_torrent.v1_only)
torrent.add_tracker("${TRACKER}", 0)
torrent.add_tracker("udp://second.example:6969", 1)
torrent.add_url_seed("http://seed.example/")
libtorrent.set_piece_hashes(torrent, os.path.dirname(sys.argv[1]))
sys.stdout.buffer.write(libtorrent.bencode(torrent.generate()))
`

function makeV1(source: string): Buffer {
  const { status, stdout, stderr } = spawnSync(libtorrentPython!, ['-c', MAKE_V1, source])
  if (status !== 0) throw new Error(stderr.toString())
  return stdout
}
