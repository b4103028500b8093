import { basename, resolve } from 'node:path'
import { join } from '../metainfo/bencode/encode.js'
import { bytesOf, type Content } from '../core/digests/content.js'
import { withoutPads } from '../core/digests/pad-files.js'
import type { MakeGroup, MakeReport } from '../core/make/make-group.js'
import { TEXT_NAMES, type TextName } from '../metainfo/fields.js'
import { checkedOptions, requirePath } from './check-options.js'
import {
  type TorrentOptions,
  type FileOptions,
  commonRequestOf,
} from '../core/make/common-request.js'
import type { WorkOptions } from './task.js'

/** Options for making a torrent. */
export interface MakeOptions extends TorrentOptions, FileOptions, WorkOptions {
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

/**
 * The names of options of all torrents. A misspelt one would make another torrent than was wanted.
 */
export const COMMON_OPTIONS: Record<keyof (TorrentOptions & FileOptions & WorkOptions), true> = {
  trackers: true,
  webSeeds: true,
  httpSeeds: true,
  nodes: true,
  version: true,
  pieceLength: true,
  creationDate: true,
  private: true,
  ...(Object.fromEntries(TEXT_NAMES.map((name) => [name, true])) as Record<TextName, true>),
  source: true,
  infoKeys: true,
  keys: true,
  include: true,
  exclude: true,
  all: true,
  links: true,
  attributes: true,
  order: true,
  padFiles: true,
  targetPieces: true,
  maxTorrentSize: true,
  maxPieceLength: true,
  threads: true,
  maxRate: true,
  cache: true,
  signal: true,
  onProgress: true,
}

const MAKE_OPTIONS: Record<keyof MakeOptions, true> = {
  ...COMMON_OPTIONS,
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
 * @throws BtkitError as checkedOptions and commonRequestOf
 */
export function makeRequestOf(source: string, options: MakeOptions): MakeGroup['torrents'][0] {
  requirePath(source, 'content')
  const { name = basename(resolve(source)), output = null, force = false } = options
  const common = commonRequestOf(checkedOptions(options, Object.keys(MAKE_OPTIONS)))
  return { ...common, source, name, torrent: output, force, keepsInfoHash: !force }
}
