import type { Metainfo } from '../metainfo.js'
import type { WarningCode } from '../warning.js'

/** What is wrong or unwise in a torrent, by name; those of the reader are among them. */
export type LintCode =
  | WarningCode
  | 'announce-not-in-list' // clients take the list alone
  | 'empty-tier' // a tier of the announce list, or all of it, without a tracker
  | 'tracker-not-url' // a tracker that no client can ask
  | 'tracker-repeated' // a tracker that is asked twice
  | 'comma-in-url' // what may be several URLs in the place of one
  | 'web-seed-without-slash' // a web seed of a directory that reads as that of a file
  | 'seed-not-url' // a web seed or HTTP seed that no client can ask
  | 'private-without-source' // the same info hash on another private tracker
  | 'private-without-tracker' // a private torrent that finds no peers
  | 'private-with-nodes' // DHT nodes that a private torrent must not use
  | 'no-tracker' // nothing in the torrent leads to peers or data
  | 'misplaced-key' // a key that only counts inside info, outside
  | 'piece-length-odd' // no power of two, or less than a client asks for at once
  | 'piece-length-small' // far more pieces than the size calls for
  | 'piece-length-large' // far fewer pieces than the size calls for
  | 'piece-length-refused' // pieces that libtorrent does not load
  | 'many-pieces' // more than some clients bear
  | 'huge-torrent' // a .torrent that some clients refuse
  | 'unaligned-hybrid' // a file that v1 and v2 can't share pieces of
  | 'file-and-directory' // a path that is both
  | 'link-outside' // a symbolic link that leads out of the torrent
  | 'link-to-nothing' // a symbolic link to what is not there
  | 'name-clash' // names that are one on some systems
  | 'reserved-name' // a name that is a device on Windows
  | 'forbidden-character' // a character that Windows refuses
  | 'hidden-character' // a name that is not what it looks like
  | 'trailing-dot-or-space' // what Windows cuts off
  | 'name-too-long' // a name that most file systems refuse
  | 'path-too-long' // a path that Linux refuses

/**
 * How bad it is: an error keeps programs from using the torrent, or makes it dangerous; a warning
 * keeps some programs or systems from using all of it; a note is allowed, but seldom wanted.
 */
export type Severity = 'error' | 'warning' | 'note'

/** Something that whoever publishes the torrent should hear of. The message is a single safe line. */
export interface Finding {
  readonly code: LintCode
  readonly severity: Severity
  readonly message: string
}

/** A rule: the messages of what it finds. It may find millions, and be asked for few. */
export type LintRule = (metainfo: Metainfo) => Iterable<string>
