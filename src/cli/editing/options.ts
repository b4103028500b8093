import { Command } from '../acting-command.js'
import { FILE } from '../options/option.js'

// Options and arguments that the commands which edit torrents share.

/** Declares a command that edits torrents, with the common options. */
export function declareEditing(name: string, isTracker = false) {
  return new Command(name, { takes: 'torrent', isTracker, ownsOptions: true })
    .opt('--dry-run', 'print what would change, and write nothing', HOW)
    .opt(
      '--json',
      `print one JSON object a line for each torrent, in their order. It has *torrent*, *infoHash*,
        *infoHashV2*, *changed*, *dryRun*, *oldInfoHash*, *oldInfoHashV2*, *error* and *code*.
        Absent values are null.`,
      HOW,
    )
    .opt('-q, --quiet', 'print nothing but errors', HOW)
}

/** Declares a command that edits any number of torrents, where they are or elsewhere. */
export function declareBulkEdit(name: string, isTracker = false) {
  return declareEditing(name, isTracker)
    .opt(
      '-o, --output <path>',
      `write to this directory or file, and keep the originals. A file is possible for a single
        torrent, with a name that ends in .torrent. Torrents without a change are copied. An
        existing file is replaced only if it is a torrent or empty. The original is never
        overwritten, not even through a link.`,
      FILE,
    )
    .opt('--force', 'replace files of --output even if they are not torrents', HOW)
    .opt(
      '--files-from <list>',
      `edit also the torrents named in this file; - means standard input. Names end with a newline,
        or with NUL if the file contains one, as 'find -print0' writes it.`,
      FILE,
    )
}

/** A switch that may be a default, because it does not say what to change. */
const HOW = { isOwn: false, default: false }

/** The options of declareEditing and declareBulkEdit. */
export type HowToEdit = ReturnType<ReturnType<typeof declareEditing>['opts']> &
  Partial<ReturnType<ReturnType<typeof declareBulkEdit>['opts']>>

/** Whether a text means an empty list: BitTornado's 0, or the empty text. */
export function isNone(text: string): boolean {
  return text === '' || text === '0'
}

/** Separates the argument that is a value from the torrents: the first URL, or else the first. */
export function splitFirst(args: readonly string[], isValue: (arg: string) => boolean) {
  const at = Math.max(0, args.findIndex(isValue))
  return [args[at], args.filter((_, i) => i !== at)] as const
}
