/** The end of the name of aria2's record, which lies beside what it downloads. */
const RECORD = '.aria2'

/** The ends of names under which programs write their downloads, as they spell them. */
const ENDS: ReadonlySet<string> = new Set([
  // Firefox and Transmission, rclone, WinSCP, Chromium, Opera, Free Download Manager
  '.part',
  '.partial',
  '.filepart',
  '.crdownload',
  '.opdownload',
  '.fdmdownload',
  // qBittorrent, uTorrent, BitComet
  '.!qB',
  '.!ut',
  '.bc!',
  RECORD,
])

/** Whether a file with this name is a part of an unfinished download. */
export function isUnfinishedName(name: string): boolean {
  return ENDS.has(name.slice(name.lastIndexOf('.')))
}

/**
 * Returns a function that says whether a name in a directory is that of an unfinished download,
 * also by aria2's record beside it.
 */
export function unfinishedAmong(names: readonly string[]): (name: string) => boolean {
  const records = names.filter((name) => name.endsWith(RECORD))
  const begun = new Set(records.map((name) => name.slice(0, -RECORD.length)))
  return (name) => isUnfinishedName(name) || begun.has(name)
}

const ENDED = RegExp(`\\.(?:${Array.from(ENDS, (end) => end.slice(1)).join('|')})\0`)

/**
 * Whether any of very many names, each ended by a NUL, may be that of an unfinished download.
 */
export function mayHaveUnfinished(names: string): boolean {
  return ENDED.test(names)
}
