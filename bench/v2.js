// Torrents of version 2 and hybrids: a large file in the page cache beside libtorrent's creator and
// beside version 1, a tree of many small files, and a directory of it in which nothing changed.
// Build first: npm run build
//
//   node bench/v2.js [GiB] [files] [powers of two of piece lengths, with commas; 0 GiB or files: none]
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { compare, makeScratch, plantFile, printTable, run, runBtkit, tracker } from './support.js'

const PYTHON = '/usr/bin/python3'
const RUNS = 3

/** Makes a torrent by what libtorrent does by itself, on as many threads as there are. */
const LIBTORRENT = `
import os, sys, libtorrent as lt
source, pow2, kind, torrent = sys.argv[1:]
flags = {"v2": lt.create_torrent.v2_only, "hybrid": lt.create_torrent.canonical_files_no_tail_padding}
files = lt.file_storage()
lt.add_files(files, source)
maker = lt.create_torrent(files, 1 << int(pow2), flags[kind])
lt.set_piece_hashes(maker, os.path.dirname(source))
open(torrent, "wb").write(lt.bencode(maker.generate()))
`

const gib = Number(process.argv[2] ?? 4)
const files = Number(process.argv[3] ?? 100_000)
const pow2s = (process.argv[4] ?? '18,20,22').split(',').map(Number)
const scratch = makeScratch({ inMemory: true })
const torrent = join(scratch, 'x.torrent')

if (gib > 0) benchFile()
if (files > 0) benchTree()

function benchFile() {
  const file = join(scratch, 'data')
  plantFile(file, gib * 1024)
  const rows = pow2s.map((pow2) => {
    const length = ['-l', `${pow2}`]
    const works = [
      make(file, length),
      make(file, [...length, '--v2']),
      make(file, [...length, '--hybrid']),
      ...(hasLibtorrent() ? [libtorrent(file, pow2, 'v2'), libtorrent(file, pow2, 'hybrid')] : []),
    ]
    const [v1, v2, hybrid, peerV2, peerHybrid] = compare(works, RUNS)
    return [
      `2^${pow2}`,
      `${v1.seconds.toFixed(2)} s`,
      beside(v2, peerV2),
      `${beside(hybrid, peerHybrid)}, ${(hybrid.seconds / v1.seconds).toFixed(2)} of v1`,
      `${Math.max(v2.memory, hybrid.memory).toFixed(0)} MiB`,
    ]
  })
  const head = ['pieces', 'v1', 'v2, times libtorrent', 'hybrid, times libtorrent', 'peak memory']
  printTable(`${gib} GiB in the page cache, ${availableParallelism()} threads`, [head, ...rows])
  rmSync(file)
}

function benchTree() {
  const tree = join(makeScratch({ inMemory: false }), 'tree')
  for (let i = 0; i < files; i++) {
    const directory = join(tree, 'tree', `d${i % 100}`)
    if (i < 100) mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, `file${i}`), randomBytes(2048))
  }
  const source = join(tree, 'tree')
  const versions = [[], ['--v2'], ['--hybrid']]
  const made = compare(
    versions.map((version) => make(source, version)),
    RUNS,
  )
  const cached = versions.map((version) => cachedMake(source, version))
  const first = cached.map(({ first }) => first())
  const second = compare(
    cached.map(({ again }) => again),
    RUNS,
  )
  const names = ['v1', 'v2', 'hybrid']
  printTable(`${files} files of 2 KB`, [
    ['version', 'made', 'of v1', 'first with a cache', 'nothing changed', 'of v1', 'peak memory'],
    ...names.map((name, i) => [
      name,
      `${made[i].seconds.toFixed(2)} s`,
      (made[i].seconds / made[0].seconds).toFixed(2),
      `${first[i].seconds.toFixed(2)} s`,
      `${second[i].seconds.toFixed(2)} s`,
      (second[i].seconds / second[0].seconds).toFixed(2),
      `${made[i].memory.toFixed(0)} MiB`,
    ]),
  ])
}

function make(source, options) {
  const args = ['makemetafile', source, tracker, '--no-cache', '--quiet', '--target', torrent]
  return () => runBtkit([...args, ...options])
}

/** Makes a torrent with a cache of its own: for the first time, and again. */
function cachedMake(source, options) {
  const cache = makeScratch({ inMemory: false })
  const args = ['makemetafile', source, tracker, '--quiet', '--target', torrent, ...options]
  const work = () => runBtkit([...args, '--cache-dir', join(cache, 'cache')])
  return { first: work, again: work }
}

function libtorrent(source, pow2, kind) {
  return () => run([PYTHON, '-c', LIBTORRENT, source, `${pow2}`, kind, torrent])
}

function hasLibtorrent() {
  return spawnSync(PYTHON, ['-c', 'import libtorrent']).status === 0
}

function beside(own, peer) {
  const time = `${own.seconds.toFixed(2)} s`
  return peer ? `${time}, ${(peer.seconds / own.seconds).toFixed(2)}×` : time
}
