import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Change, Failure, Skip } from '../../core/complete/report.js'
import type { VerifiedFile, VerifyReport } from '../../core/verify/verify-report.js'
import { BtkitError, inField } from '../../base/errors.js'
import { ReplacedTorrent } from '../../core/replaced-torrent.js'
import { completeDirectories, type CompleteOptions } from '../../library/complete.js'
import { makeTorrent } from '../../library/make.js'
import { lintTorrent, readTorrent } from '../../library/read.js'
import { verifyTorrent } from '../../library/verify.js'
import type { Finding } from '../../metainfo/lint/metainfo.js'
import { magnetLink } from '../../metainfo/magnet.js'
import { labelledTexts } from '../../metainfo/fields.js'
import { contentSize, type MetainfoFile } from '../../metainfo/metainfo.js'
import { announceUrls } from '../../metainfo/trackers.js'
import { mapPieces, type PieceMap } from './piece-map.js'
import {
  type Excerpt,
  excerptOf,
  type SourceRequest,
  MOST_FINDINGS,
  type WorkContext,
} from './results.js'

/** The result of a check, as its page shows it. */
export interface Checked {
  readonly report: Pick<VerifyReport, 'place' | 'ok' | 'pieces' | 'badPieces' | 'uncheckedPieces'>
  /** Number of all files. */
  readonly files: number
  /** The files that are listed: bad ones first. */
  readonly listed: readonly VerifiedFile[]
  readonly map: PieceMap
  /** The states that any file is in. */
  readonly states: ReadonlySet<VerifiedFile['status']>
}

/** The most files that are listed. */
const MOST_FILES = 1000

/**
 * Compares files with their torrent.
 * @throws BtkitError as readTorrent and verifyTorrent
 */
export async function checkFiles(
  { torrent, data }: { readonly torrent: string; readonly data: string },
  { cache, signal, tell }: WorkContext,
): Promise<Checked> {
  const metainfo = await inField('torrent', () => readTorrent(torrent, { signal }))
  const options = { cache, signal, onProgress: tell }
  const { files, ...report } = await verifyTorrent(metainfo, data, options)
  const unsure = files.filter(({ status }) => status === 'unchecked')
  const good = files.filter(({ status }) => status === 'ok')
  const bad = files.filter(({ status }) => status !== 'ok' && status !== 'unchecked')
  const { place, ok, pieces, badPieces, uncheckedPieces } = report
  return {
    report: { place, ok, pieces, badPieces, uncheckedPieces },
    files: files.length,
    listed: [...bad, ...unsure, ...good].slice(0, MOST_FILES),
    map: mapPieces(metainfo, files),
    states: new Set(files.map(({ status }) => status)),
  }
}

/** The names of the entries that get torrents: only some, or all except some. */
export interface EntryChoice {
  readonly only?: readonly string[]
  readonly except?: readonly string[]
}

/** The most entries of a kind that are listed. */
const MOST_CHANGES = 2000

/** A torrent that is written or removed, as a page lists it. */
export interface ListedChange extends Pick<
  Change,
  'source' | 'torrent' | 'infoHash' | 'infoHashV2'
> {
  /** Bytes of its content; null if that was not measured. */
  readonly size: number | null
}

/** The result of a run, as its page shows it. */
export interface Completed {
  readonly created: Excerpt<ListedChange>
  readonly updated: Excerpt<ListedChange>
  readonly adopted: Excerpt<ListedChange>
  readonly removed: Excerpt<ListedChange>
  readonly skipped: Excerpt<Pick<Skip, 'source' | 'reason'>>
  readonly failed: Excerpt<Pick<Failure, 'source' | 'message'>>
  readonly unchanged: number
  readonly bytesHashed: number
  readonly bytesReused: number
}

/**
 * Makes and updates the torrents of the entries of the directory `path`.
 * @throws BtkitError as completeDirectories
 */
export async function completeDirectory(
  { path, options, only, except }: EntryChoice & { path: string; options: CompleteOptions },
  { cache, signal, tell }: WorkContext,
): Promise<Completed> {
  const left = except && new Set(except)
  const entries = left ? readdirSync(path).filter((name) => !left.has(name)) : only
  const running = { cache, signal, onProgress: tell }
  const report = await completeDirectories(path, { ...options, ...running, entries })
  const { created, updated, adopted, removed, skipped, failed } = report
  const { unchanged, bytesHashed, bytesReused } = report
  return {
    created: listChanges(created),
    updated: listChanges(updated),
    adopted: listChanges(adopted),
    removed: listChanges(removed),
    skipped: list(skipped, ({ source, path = '', reason }) => ({
      source: join(source, path),
      reason,
    })),
    failed: list(failed, ({ source, message }) => {
      // Pages have a box where commands have an option
      const box = '; a box of the form allows to replace it'
      return { source, message: message.replace(/ \(--force replaces it\)/, box) }
    }),
    unchanged,
    bytesHashed,
    bytesReused,
  }
}

function listChanges(changes: readonly Change[]): Excerpt<ListedChange> {
  return list(changes, ({ source, torrent, infoHash, infoHashV2, pieces }) => {
    return { source, torrent, infoHash, infoHashV2, size: pieces?.size ?? null }
  })
}

/** Some properties of the first elements: a thread can't send those that are computed. */
function list<T, Listed>(all: readonly T[], propertiesOf: (each: T) => Listed): Excerpt<Listed> {
  const { first, count } = excerptOf(all, MOST_CHANGES)
  return { first: first.map(propertiesOf), count }
}

/** A torrent that was made, as its page shows it. */
export interface DescribedTorrent {
  readonly infoHash: string | null
  readonly infoHashV2: string | null
  readonly magnet: string
  readonly findings: Excerpt<Finding>
}

/** The most trackers, and web seeds, that are listed. */
const MOST_URLS = 100

/**
 * Makes and describes a torrent. With `force`, it replaces another torrent, but never another file.
 * @throws BtkitError as makeTorrent
 */
export async function makeAndDescribe(
  { source, options }: SourceRequest,
  { cache, signal, tell }: WorkContext,
): Promise<DescribedTorrent> {
  const { output = '', force: replaces = false } = options
  const target = new ReplacedTorrent()
  // The library would replace any file by force
  const force = replaces && target.at(output) !== null
  const running = { ...options, force, cache, signal, onProgress: tell }
  const made = await makeTorrent(source, running).catch((error: unknown) => {
    if (!(error instanceof BtkitError) || error.code !== 'exists') throw error
    const what = target.at(output) ? 'another torrent is there now' : 'not a torrent'
    const why = `${what}, so it is kept; save under another name`
    throw new BtkitError('exists', `${output}: ${why}`).in('output')
  })
  const { infoHash, infoHashV2, bytes } = made
  const metainfo = await readTorrent(bytes, { maxSize: bytes.length })
  const findings = excerptOf(await lintTorrent(metainfo), MOST_FINDINGS)
  return { infoHash, infoHashV2, magnet: magnetLink(metainfo), findings }
}

/** A torrent as its page shows it. */
export interface LookedAt extends DescribedTorrent {
  readonly name: string
  readonly size: number
  readonly pieces: number
  readonly pieceLength: number
  readonly isPrivate: boolean
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
  /** Texts beside `info`, with their labels. */
  readonly texts: readonly (readonly [label: string, text: string])[]
  /** Milliseconds since 1970. */
  readonly createdMs: number | null
  readonly files: Excerpt<Pick<MetainfoFile, 'path' | 'length'>>
}

/**
 * Describes a torrent on disk.
 * @throws BtkitError as readTorrent
 */
export async function lookAtTorrent(torrent: string, { signal }: WorkContext): Promise<LookedAt> {
  const metainfo = await readTorrent(torrent, { signal })
  const { name, infoHash, infoHashV2, creationDate } = metainfo
  const files = metainfo.files.filter(({ padding }) => !padding)
  return {
    name,
    infoHash,
    infoHashV2,
    texts: labelledTexts(metainfo),
    size: contentSize(metainfo),
    pieces: metainfo.pieceCount,
    pieceLength: metainfo.pieceLength,
    isPrivate: metainfo.private,
    trackers: announceUrls(metainfo).slice(0, MOST_URLS),
    webSeeds: [...(metainfo.webSeeds ?? []), ...(metainfo.httpSeeds ?? [])].slice(0, MOST_URLS),
    createdMs: creationDate === null ? null : 1000 * creationDate,
    magnet: magnetLink(metainfo),
    files: list(files, ({ path, length }) => ({ path, length })),
    findings: excerptOf(await lintTorrent(metainfo), MOST_FINDINGS),
  }
}
