import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  planVerify,
  verifyTorrent,
  type VerifyRequest,
} from '../../../src/core/verify/verify-torrent.js'
import type { VerifyReport } from '../../../src/core/verify/report.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { makeScratch, plantFiles } from '../../support/scratch.js'
import { torrentOf, type PlainDict } from '../../support/torrents.js'
import { hashContext } from '../requests.js'

export const PIECE = 16384

/** A file of a torrent; pad files have zeros, and are not planted. */
export interface ReleaseFile {
  readonly path: string
  readonly size: number
  readonly attr?: string
}

/** What was published: a torrent, and its content on a disk. */
export interface Release {
  /** What holds the content under the torrent's name, `release`. */
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
  return plant(t, info, Object.fromEntries(planted))
}

/** Plants a single file called `release`. */
export function plantSingle(t: TestContext, size: number): Release {
  const content = pseudoRandom(size)
  const info = { length: size, name: 'release', ...piecesOf([content]) }
  return plant(t, info, { release: content })
}

function piecesOf(contents: readonly Uint8Array[]): PlainDict {
  return { 'piece length': PIECE, pieces: referenceDigests(contents, PIECE) }
}

function plant(t: TestContext, info: PlainDict, content: Record<string, Uint8Array>): Release {
  const torrent = torrentOf(info)
  const directory = makeScratch(t)
  plantFiles(directory, { ...content, 'release.torrent': torrent })
  return { directory, torrent }
}

/** Checks a release, by default where it was planted. */
export async function verify(
  { directory, torrent }: Release,
  changes: Partial<VerifyRequest> = {},
): Promise<VerifyReport> {
  const plan = await planVerify({
    metainfo: parseMetainfo(torrent),
    torrent: 'release.torrent',
    path: directory,
    checkHashes: true,
    extra: false,
    ...changes,
  })
  return verifyTorrent(plan, hashContext())
}

/** The status of each file by its path. */
export function statuses({ files }: VerifyReport): Record<string, string> {
  return Object.fromEntries(files.map(({ path, status }) => [path.join('/'), status]))
}

/** The path of a planted file. */
export function placeOf({ directory }: Release, path: string): string {
  return join(directory, 'release', path)
}
