import { usageError } from '../../base/errors.js'
import { version as programVersion } from '../../base/process.js'
import { requireArray, requireOneOf, requirePositive, requireText } from '../../base/require.js'
import { formatBytes } from '../../base/text/quantity.js'
import type { LinkPolicy } from '../../disk/scan/scanned-tree.js'
import type { BencodeDict } from '../../metainfo/bencode/value.js'
import { checkSeconds } from '../../metainfo/edit/details.js'
import { TEXT_NAMES, type TextName } from '../../metainfo/fields.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { isPieceLength, MAX_PIECE_POW2, MIN_PIECE_POW2 } from '../../metainfo/piece-length.js'
import {
  checkSeed,
  distinctSeeds,
  formatDhtNode,
  parseDhtNode,
  type SeedKind,
  tiersOf,
  type TrackerTiers,
} from '../../metainfo/trackers.js'
import type { DhtNode, PieceLength } from '../../metainfo/values.js'
import { type FileOrder, SORT_KEYS } from '../digests/sort-files.js'
import type { CheckedTrackers, CommonRequest } from './make-torrent.js'

/** Texts; null for none (default: none; for the creator, btkit and its version). */
type TextOptions = { readonly [N in TextName]?: string | null | undefined }

/** The contents of a torrent beside its files. */
export interface TorrentOptions extends TextOptions {
  /** Trackers by tier, from the first to be asked to the last (default: none). */
  readonly trackers?: TrackerTiers | undefined
  /** URLs of web seeds (BEP 19). */
  readonly webSeeds?: readonly string[] | undefined
  /** URLs of HTTP seeds (BEP 17). */
  readonly httpSeeds?: readonly string[] | undefined
  /** DHT nodes (BEP 5). */
  readonly nodes?: readonly DhtNode[] | undefined
  /** `v1` is BEP 3, `v2` is BEP 52, `hybrid` is both (default: `v1`). */
  readonly version?: MetainfoVersion | undefined
  /** Bytes of a piece, a power of two (default: `auto`, by size). */
  readonly pieceLength?: number | 'auto' | undefined
  /** Seconds since 1970; `mtime` for the newest file's time; null for none (default: now). */
  readonly creationDate?: number | 'mtime' | null | undefined
  /** Whether peers come from the tracker only (BEP 27; default: false). */
  readonly private?: boolean | undefined
  /** `info.source`, which private trackers use to change the info hash. */
  readonly source?: string | undefined
  /** Additional keys of `info`. They do not replace keys of the options above. */
  readonly infoKeys?: BencodeDict | undefined
  /** Additional keys outside `info`. They do not replace keys of the options above. */
  readonly keys?: BencodeDict | undefined
}

/** The files of a torrent, and how they become pieces. */
export interface FileOptions {
  /** Globs; if there are any, a file must match one or be below a directory that does. */
  readonly include?: readonly string[] | undefined
  /** Globs of entries to leave out; overrides `include`. */
  readonly exclude?: readonly string[] | undefined
  /** Whether to include hidden and system files (default: false). */
  readonly all?: boolean | undefined
  /** Symbolic links to follow, store or leave out (default: follow those that stay `inside`). */
  readonly links?: LinkPolicy | undefined
  /** Whether to record executable and hidden files (BEP 47; default: false). */
  readonly attributes?: boolean | undefined
  /** Order of the files of a v1 torrent (default: by path). */
  readonly order?: FileOrder | undefined
  /** Whether each file begins a piece (BEP 47; default: in v2 and hybrids). */
  readonly padFiles?: boolean | undefined
  /** Use the shortest pieces of which there are at most so many. */
  readonly targetPieces?: number | undefined
  /** Use the shortest pieces for which the .torrent has at most so many bytes. */
  readonly maxTorrentSize?: number | undefined
  /** Maximum bytes of a piece, however it is chosen. */
  readonly maxPieceLength?: number | undefined
}

/** All that a torrent may be asked. */
export interface AskedOptions extends TorrentOptions, FileOptions {}

/** How a form asks for a value. */
export interface AskedField {
  /**
   * Tiers of trackers; values with a line each; a text of several lines; one line; globs with
   * spaces between; one of some values; a box to check.
   */
  readonly kind: 'tiers' | 'lines' | 'text' | 'line' | 'globs' | 'choice' | 'box'
  readonly label: string
  /** Stands below it, or beside a box. The hint of globs has examples between backticks. */
  readonly hint?: string
  /** The values to choose from, with their texts. The first is the default. */
  readonly choices?: readonly (readonly [value: string, text: string])[]
  /** Whether most people fill it in, so that it is not folded. */
  readonly isUsual?: boolean
}

/** A value that a torrent may be asked. */
interface Asked<Given> {
  /**
   * Returns the value for core, or that by default.
   * @throws BtkitError `usage`: programs in JavaScript may give anything
   */
  readonly check: (given: Given | undefined, name: string) => unknown
  /** The options that ask for it, by commander's names, if they are not its own name. */
  readonly options?: readonly string[]
  /** The part of a request that has it under its own name. */
  readonly in?: 'request' | 'scan' | 'parts'
  /** Only options ask for a value without a field. */
  readonly field?: AskedField
}

const flag = (given: boolean | undefined) => Boolean(given)
const list = <T>(given: readonly T[] = [], name: string): T[] => [...requireArray(given, name)]
const seeds = (kind: SeedKind) => (given: readonly string[] | undefined, name: string) =>
  distinctSeeds(list(given, name).map((url) => checkSeed(url, kind)))
/** An empty text gets no key. */
const text = (given: string | null | undefined, name: string) =>
  given === null || given === undefined ? null : requireText(given, name) || null

const globs = (given: readonly string[] | undefined, name: string) =>
  list(given, name).map((glob) => requireText(glob, name))
const dict = (given: BencodeDict | undefined, name: string) => {
  if (given === undefined || given instanceof Map) return given
  throw usageError(`${name}: not a Map`)
}

/** The versions that torrents can have. */
export const VERSIONS: readonly MetainfoVersion[] = ['v1', 'v2', 'hybrid']

/** The ways to treat symbolic links. */
export const LINKS = ['inside', 'follow', 'skip', 'store'] as const satisfies LinkPolicy[]

const TEXT = { check: text, in: 'parts' } as const
const TEXTS = Object.fromEntries(TEXT_NAMES.map((name) => [name, TEXT])) as Record<
  TextName,
  typeof TEXT
>

const PIECE_LENGTHS = Array.from({ length: MAX_PIECE_POW2 - MIN_PIECE_POW2 + 1 }, (_, at) => {
  const bytes = 2 ** (MIN_PIECE_POW2 + at)
  return [String(bytes), formatBytes(bytes)] as const
})

/**
 * All that a torrent may be asked, each declared once, in the order of forms. Options of a command
 * line, presets, forms and the library follow this table.
 */
export const ASKED = {
  trackers: {
    check: trackersOf,
    options: ['announce', 'announceList'],
    field: {
      kind: 'tiers',
      label: 'Trackers',
      hint: 'One URL a line. An empty line begins the next tier, which clients use if all before fail.',
      isUsual: true,
    },
  },
  private: {
    check: flag,
    in: 'request',
    field: {
      kind: 'box',
      label: 'Private torrent',
      hint: 'only these trackers, no DHT or PEX',
      isUsual: true,
    },
  },
  webSeeds: {
    check: seeds('web seed'),
    options: ['webSeed', 'webSeedBase'],
    in: 'parts',
    field: {
      kind: 'lines',
      label: 'Web seeds',
      hint: 'URLs of the same files on web servers, one per line.',
    },
  },
  httpSeeds: { check: seeds('HTTP seed'), options: ['httpSeed'], in: 'parts' },
  nodes: {
    check: (given, name) => {
      return list<Partial<DhtNode> | null>(given, name).map((node) => {
        const host = requireText(node?.host, name)
        return parseDhtNode(formatDhtNode({ host, port: Number(node?.port) }))
      })
    },
    options: ['node'],
    in: 'parts',
  },
  ...TEXTS,
  comment: { ...TEXT, field: { kind: 'text', label: 'Comment', isUsual: true } },
  createdBy: { ...TEXT, check: (given = `btkit ${programVersion()}`, name) => text(given, name) },
  version: {
    check: (given = 'v1', name) => requireOneOf(given, VERSIONS, name),
    options: ['v2', 'hybrid'],
    in: 'request',
    field: {
      kind: 'choice',
      label: 'Version',
      choices: [
        ['v1', 'v1: for all clients'],
        ['hybrid', 'hybrid: v1 and v2'],
        ['v2', 'v2 only'],
      ],
    },
  },
  pieceLength: {
    check: (given = 'auto') => checkPieceLength(given),
    options: ['pieceLength', 'pieceSizePow2'],
    in: 'request',
    field: {
      kind: 'choice',
      label: 'Piece length',
      choices: [['auto', 'automatic, by size'], ...PIECE_LENGTHS],
    },
  },
  maxPieceLength: {
    check: (given) => {
      return given === undefined ? given : requirePieceLength(given, 'maximum piece length')
    },
    in: 'request',
  },
  targetPieces: { check: requirePositive, in: 'request' },
  maxTorrentSize: { check: requirePositive, in: 'request' },
  padFiles: { check: flag },
  source: {
    check: text,
    field: {
      kind: 'line',
      label: 'Source tag',
      hint: 'Some private trackers want one. It gives the torrent its own info hash.',
    },
  },
  infoKeys: { check: dict, options: ['set'] },
  keys: { check: dict, options: ['set'] },
  creationDate: {
    check: (given = Math.floor(Date.now() / 1000)) => {
      return given === 'mtime' || given === null ? given : checkSeconds(given)
    },
    options: ['date'],
    in: 'request',
  },
  include: { check: globs, in: 'scan' },
  exclude: {
    check: globs,
    in: 'scan',
    field: {
      kind: 'globs',
      label: 'Exclude',
      hint: 'Globs with spaces between, such as `*.tmp cache/** "My Files/**"`',
    },
  },
  all: {
    check: flag,
    options: ['hidden'],
    in: 'scan',
    field: { kind: 'box', label: 'Hidden files', hint: 'include' },
  },
  links: {
    check: (given = 'inside', name) => requireOneOf(given, LINKS, name),
    options: ['symlinks'],
    in: 'scan',
  },
  attributes: { check: flag, in: 'scan' },
  order: {
    check: (given, name) => given && { ...given, by: requireOneOf(given.by, SORT_KEYS, name) },
    options: ['sortBy'],
    in: 'request',
  },
} satisfies { readonly [N in keyof AskedOptions]-?: Asked<AskedOptions[N]> }

/** The name of a value that a torrent may be asked. */
export type AskedName = keyof typeof ASKED

/** The rows of the table, for values whose type follows from their names. */
export const ASKED_ROWS = Object.entries<Asked<never>>(ASKED) as [AskedName, Asked<never>][]

type Values = { readonly [N in AskedName]: ReturnType<(typeof ASKED)[N]['check']> }

type NamesIn<Part> = {
  [N in AskedName]: (typeof ASKED)[N] extends { readonly in: Part } ? N : never
}[AskedName]

/**
 * Checks options, and translates them for core. A command line may be more exact about trackers.
 * @throws BtkitError `usage` for a value that torrents cannot have, and for DHT nodes of a private
 *   torrent
 */
export function commonRequestOf(options: AskedOptions, trackers?: CheckedTrackers): CommonRequest {
  const checked = ASKED_ROWS.map(([name, { check }]) => [name, check(options[name] as never, name)])
  const values = Object.fromEntries(checked) as Values
  if (values.private && values.nodes.length > 0) {
    const why = 'peers of a private torrent come from its tracker only (BEP 27)'
    throw usageError(`private and DHT nodes cannot be used together: ${why}`)
  }
  const partOf = <P extends 'request' | 'scan' | 'parts'>(part: P) => {
    const own = checked.filter((_, i) => ASKED_ROWS[i]?.[1].in === part)
    return Object.fromEntries(own) as Pick<Values, NamesIn<P>>
  }
  return {
    ...partOf('request'),
    scan: partOf('scan'),
    isAligned: values.padFiles,
    sourceTag: values.source,
    extraKeys: values.infoKeys,
    parts: { ...(trackers ?? values.trackers), ...partOf('parts'), extraKeys: values.keys },
    write: {},
  }
}

function trackersOf(given: TrackerTiers = []): CheckedTrackers {
  const tiers = tiersOf(given)
  const announceList = tiers.flat().length > 1 ? tiers : []
  return { announce: tiers[0]?.[0] ?? null, announceList }
}

/**
 * Returns a piece length that torrents can have.
 * @throws BtkitError `usage`
 */
export function checkPieceLength(length: number | 'auto'): PieceLength | 'auto' {
  return length === 'auto' ? length : requirePieceLength(length, 'piece length')
}

function requirePieceLength(length: number, what: string): PieceLength {
  if (typeof length === 'number' && isPieceLength(length)) return length
  const why = `${what} ${length}: not a power of two from 16 KiB to 1 GiB`
  throw usageError(why).in('pieceLength')
}
