import type { Metainfo } from '../metainfo.js'
import type { WarningCode } from '../warning.js'

/** Codes of all findings, including the warnings of the parser. */
export type LintCode =
  | WarningCode
  | 'announce-not-in-list' // clients use only the list
  | 'empty-tier' // an empty announce list, or a tier without a tracker
  | 'tracker-not-url' // a tracker URL that no client can use
  | 'tracker-repeated' // a tracker that is asked twice
  | 'comma-in-url' // a URL with a comma, which may be meant as several URLs
  | 'web-seed-without-slash' // a web seed of a directory that looks like one of a file
  | 'http-seeds-only' // HTTP seeds, which libtorrent ignores, and no web seeds
  | 'seed-not-url' // a web seed or HTTP seed that no client can use
  | 'private-without-source' // the same info hash on another private tracker
  | 'private-without-tracker' // a private torrent that finds no peers
  | 'private-on-several' // a private torrent with trackers of different hosts
  | 'private-with-nodes' // DHT nodes that a private torrent must not use
  | 'no-tracker' // no tracker, nodes or seeds
  | 'misplaced-key' // a key outside info that only counts inside
  | 'piece-length-odd' // not a power of two, or less than a client requests at once
  | 'piece-length-small' // far more pieces than the size needs
  | 'piece-length-large' // far fewer pieces than the size needs
  | 'piece-length-refused' // pieces that libtorrent refuses
  | 'many-pieces' // more pieces than some clients can handle
  | 'huge-torrent' // a .torrent that some clients refuse
  | 'unaligned-hybrid' // a file that begins inside a piece
  | 'file-and-directory' // a path that is both a file and a directory
  | 'link-outside' // a symbolic link that leads out of the torrent
  | 'link-to-nothing' // a symbolic link to a file that does not exist
  | 'name-clash' // names that are the same on some systems
  | 'reserved-name' // a device name on Windows
  | 'forbidden-character' // a character that Windows refuses
  | 'hidden-character' // a character that is invisible or changes the text direction
  | 'trailing-dot-or-space' // an end of a name that Windows removes
  | 'name-too-long' // a name that most file systems refuse
  | 'path-too-long' // a path that Linux refuses
  | 'tracker-rule' // against a rule that the configuration has for one of its trackers

/**
 * The severity of a finding. An error keeps programs from using the torrent, or makes it dangerous.
 * A warning keeps some programs or systems from using all of it. A note is allowed but seldom
 * wanted.
 */
export type Severity = 'error' | 'warning' | 'note'

/**
 * A problem that the torrent's publisher should know. The message is a single line, safe to print.
 */
export interface Finding {
  readonly code: LintCode
  readonly severity: Severity
  readonly message: string
}

/**
 * A rule. It yields a message for each problem; there may be millions, of which the caller reads a
 * few.
 */
export type LintRule = (metainfo: Metainfo) => Iterable<string>
