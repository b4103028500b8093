import { basename, resolve } from 'node:path'
import { join } from '../metainfo/bencode/encode.js'
import { bytesOf, type Content } from '../core/digests/content.js'
import { withoutPads } from '../core/digests/pad-files.js'
import type { MakeGroup, MakeReport } from '../core/make/make-group.js'
import { requireKnown, requirePath, requireText } from '../base/require.js'
import { ASKED, type AskedOptions, commonRequestOf } from '../core/make/asked.js'
import type { WorkOptions } from './task.js'

/** Options for making a torrent. */
export interface MakeOptions extends AskedOptions, WorkOptions {
  /** The torrent's name (default: that of the file or directory). */
  readonly name?: string | undefined
  /** Path of the .torrent to write (default: none is written). */
  readonly output?: string | undefined
  /**
   * Whether `output` may replace a torrent with another info hash, or any other file (default:
   * false).
   */
  readonly force?: boolean | undefined
  /** Sent to the server of content at a URL, and to none that it redirects to. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** The options that only one kind of work has. */
export type OwnOptions<Options> = Record<
  Exclude<keyof Options, keyof (AskedOptions & WorkOptions)>,
  true
>

/**
 * Makes sure that all options have a known name.
 * @throws BtkitError `usage`
 */
export function requireOptions(options: WorkOptions, own: Readonly<Record<string, true>>): void {
  requireKnown(options, Object.keys({ ...ASKED, ...OF_WORK, ...own }))
}

const OF_WORK: Record<keyof WorkOptions, true> = {
  threads: true,
  maxRate: true,
  cache: true,
  signal: true,
  onProgress: true,
}

const MAKE_OPTIONS: OwnOptions<MakeOptions> = {
  name: true,
  output: true,
  force: true,
  headers: true,
}

/** The content of a torrent. */
export interface TorrentContent {
  readonly name: string
  /** Number of files, without pad files. */
  readonly files: number
  /** Bytes of the files. */
  readonly size: number
  readonly pieceLength: number
  readonly pieceCount: number
}

/** The values of a torrent that describe its content. */
export function describeContent(content: Content): TorrentContent {
  const { name, pieceLength, pieceCount } = content
  const files = withoutPads(content.files).length
  return { name, files, size: bytesOf(content), pieceLength, pieceCount }
}

/** A new torrent. */
export interface MadeTorrent extends TorrentContent {
  /** The .torrent file. */
  readonly bytes: Uint8Array
  /** SHA-1 of `info` in hexadecimal; null for v2. */
  readonly infoHash: string | null
  /** SHA-256 of `info` in hexadecimal; null for v1. */
  readonly infoHashV2: string | null
  /** Bytes that were hashed; the cache had the digests of the others. */
  readonly bytesHashed: number
}

/** Describes a torrent that core made. */
export function describeMade({ plan, written }: MakeReport): MadeTorrent {
  const { parts = [], infoHash = null, infoHashV2 = null, bytesHashed = 0 } = written ?? {}
  return { ...describeContent(plan.content), bytes: join(parts), infoHash, infoHashV2, bytesHashed }
}

/**
 * Checks options for the torrent of files on a disk, and translates them for core.
 * @throws BtkitError as requireOptions and commonRequestOf
 */
export function makeRequestOf(source: string, options: MakeOptions): MakeGroup['torrents'][0] {
  requirePath(source, 'content')
  const { name = basename(resolve(source)), output = null, force = false } = options
  requireOptions(options, MAKE_OPTIONS)
  requireText(name, 'name')
  if (output !== null) requireText(output, 'output')
  const common = commonRequestOf(options)
  return { ...common, source, name, torrent: output, force, keepsInfoHash: !force }
}
