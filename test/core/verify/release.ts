import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  planVerify,
  verifyTorrent,
  type VerifyRequest,
} from '../../../src/core/verify/verify-torrent.js'
import type { VerifyReport } from '../../../src/core/verify/verify-report.js'
import { encodeBencode } from '../../../src/metainfo/bencode/encode.js'
import type { BencodeDict, BencodeValue } from '../../../src/metainfo/bencode/value.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { makeScratch, plantFiles } from '../../support/scratch.js'
import { referenceTree } from '../../support/reference-trees.js'
import { bencodable, type PlainDict } from '../../support/torrents.js'
import type { CacheTrust } from '../../../src/disk/cache/trust.js'
import { hashContext } from '../requests.js'

export const PIECE = 16384

/** A file of a torrent; pad files have zeros, and are not planted. */
export interface ReleaseFile {
  readonly path: string
  readonly size: number
  readonly attr?: string
}

/** A published torrent, and its content on a disk. */
export interface Release {
  /** The directory that holds the content under the torrent's name, `release`. */
  readonly directory: string
  readonly torrent: Uint8Array
}

/** Plants a directory with content of these sizes, and makes its torrent without btkit's help. */
export function plantRelease(t: TestContext, files: readonly ReleaseFile[]): Release {
  const contents = files.map(({ size, attr }, i) => {
    return attr === 'p' ? Buffer.alloc(size) : pseudoRandom(size, i)
  })
  const entries = files.map(({ path, size, attr }): PlainDict => {
    return { length: size, path: path.split('/'), attr }
  })
  const info = { files: entries, name: 'release', ...piecesOf(contents) }
  const planted = files.flatMap(({ path, attr }, i) => {
    return attr === undefined ? [[`release/${path}`, contents[i]!] as const] : []
  })
  return plant(t, { info }, Object.fromEntries(planted))
}

/** How a torrent of version 2 is made. */
export interface V2Options {
  readonly version: 'v2' | 'hybrid'
  readonly pieceLength: number
}

/**
 * Plants a directory and makes its v2 or hybrid torrent without btkit's help. The paths are given
 * in byte order, without pad files: a hybrid's are made here.
 */
export function plantV2(
  t: TestContext,
  files: readonly ReleaseFile[],
  { version, pieceLength }: V2Options,
): Release {
  const contents = files.map(({ size }, i) => pseudoRandom(size, i))
  const trees = contents.map((content) => referenceTree(content, pieceLength))
  const tree: { [name: string]: PlainDict } = {}
  files.forEach(({ path, size, attr }, i) => {
    const root = size > 0 ? trees[i]!.root : undefined
    enterLeaf(tree, path.split('/'), { length: size, attr, 'pieces root': root })
  })
  const padded = files.map(({ size }, i) => {
    const rest = i < files.length - 1 ? -size & (pieceLength - 1) : 0
    return Buffer.concat([contents[i]!, Buffer.alloc(rest)])
  })
  const v1 = {
    files: files.flatMap(({ path, size, attr }, i): PlainDict[] => {
      const rest = padded[i]!.length - size
      const file = { attr, length: size, path: path.split('/') }
      return rest > 0 ? [file, { attr: 'p', length: rest, path: ['.pad', String(rest)] }] : [file]
    }),
    pieces: referenceDigests(padded, pieceLength),
  }
  const info = {
    'file tree': tree,
    'meta version': 2,
    name: 'release',
    'piece length': pieceLength,
    ...(version === 'hybrid' && v1),
  }
  const layers: BencodeDict = new Map()
  for (const { root, layer } of trees) if (layer) layers.set(root.toString('latin1'), layer)
  const planted = files.map(({ path }, i) => [`release/${path}`, contents[i]!] as const)
  return plant(t, { info, layers }, Object.fromEntries(planted))
}

function enterLeaf(tree: { [name: string]: PlainDict }, path: string[], leaf: PlainDict): void {
  const [name = '', ...below] = path
  if (below.length === 0) tree[name] = { '': leaf }
  else enterLeaf((tree[name] ??= {}) as { [name: string]: PlainDict }, below, leaf)
}

/** Plants a single file called `release`. */
export function plantSingle(t: TestContext, size: number): Release {
  const content = pseudoRandom(size)
  const info = { length: size, name: 'release', ...piecesOf([content]) }
  return plant(t, { info }, { release: content })
}

function piecesOf(contents: readonly Uint8Array[]): PlainDict {
  return { 'piece length': PIECE, pieces: referenceDigests(contents, PIECE) }
}

function plant(
  t: TestContext,
  { info, layers }: { readonly info: PlainDict; readonly layers?: BencodeDict },
  content: Record<string, Uint8Array>,
): Release {
  const entries = [['info', bencodable(info)] as const]
  const torrent = encodeBencode(
    new Map<string, BencodeValue>(layers ? [...entries, ['piece layers', layers]] : entries),
  )
  const directory = makeScratch(t)
  plantFiles(directory, { ...content, 'release.torrent': torrent })
  return { directory, torrent }
}

/**
 * Checks a release, by default where it was planted; `meanwhile` acts between plan and read. Hashes
 * without the accelerator: the tests of the commands use it.
 */
export async function verify(
  { directory, torrent }: Release,
  changes: Partial<VerifyRequest> = {},
  meanwhile: () => void = () => undefined,
  trust: CacheTrust = 'full',
): Promise<VerifyReport> {
  const plan = await planVerify({
    metainfo: parseMetainfo(torrent),
    torrent: 'release.torrent',
    path: directory,
    checkHashes: true,
    extra: false,
    ...changes,
  })
  meanwhile()
  const context = hashContext({ kernel: 'crypto' })
  return verifyTorrent(plan, { ...context, cacheAccess: { ...context.cacheAccess, trust } })
}

/** The status of each file by its path. */
export function statuses({ files }: VerifyReport): Record<string, string> {
  return Object.fromEntries(files.map(({ path, status }) => [path.join('/'), status]))
}

/** The path of a planted file. */
export function placeOf({ directory }: Release, path: string): string {
  return join(directory, 'release', path)
}

/** Changes single bytes of a file. */
export function flip(path: string, ...offsets: readonly number[]): void {
  const file = openSync(path, 'r+')
  for (const offset of offsets) {
    const byte = new Uint8Array(1)
    readSync(file, byte, 0, 1, offset)
    writeSync(file, Uint8Array.of(~byte[0]!), 0, 1, offset)
  }
  closeSync(file)
}
