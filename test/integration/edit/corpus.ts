import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeWithLibtorrent } from '../../metainfo/libtorrent.js'
import { findPeer, libtorrentPython } from '../../support/peers.js'
import { makeScratch, type Scope } from '../../support/scratch.js'
import {
  bencodableDict,
  directoryInfo,
  editedGolden,
  goldenTorrent,
  singleFileInfo,
  torrentOf,
  type Plain,
} from '../../support/torrents.js'
import { encodeBencode } from '../../../src/metainfo/bencode/encode.js'
import type { BencodeDict } from '../../../src/metainfo/bencode/value.js'

const TRACKER = 'http://tracker.example/announce'

/** Valid torrents of all kinds, by name. */
export async function editCorpus(t: Scope): Promise<Map<string, Buffer>> {
  return new Map([...(await fixtures()), ...golden(), ...odd(), ...fromPeers(t)])
}

type Entry = [name: string, torrent: Buffer]

async function fixtures(): Promise<Entry[]> {
  const module = (await import(import.meta.resolve('webtorrent-fixtures'))) as {
    default: Record<string, { torrent?: Uint8Array; parsedTorrent?: object }>
  }
  return Object.entries(module.default).flatMap(([name, { torrent, parsedTorrent }]) => {
    return torrent && parsedTorrent ? [[`fixture ${name}`, Buffer.from(torrent)]] : []
  })
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
