import { BtkitError } from '../../../errors.js'
import { combineEdits } from '../../../metainfo/edit/splice-torrent.js'
import { setDetails, type Details, setName } from '../../../metainfo/edit/details.js'
import type { TorrentEdit } from '../../../metainfo/edit/splice-torrent.js'
import { listEdits } from './list-edits.js'
import type { ListOptions } from './list-options.js'

/** The options of edit that say what to change. */
export interface ChangeOptions extends ListOptions {
  readonly comment?: string | false | undefined
  readonly createdBy?: string | false | undefined
  /** In seconds since 1970. */
  readonly date?: number | 'now' | false | undefined
  readonly name?: string | undefined
  readonly private?: boolean | undefined
  readonly source?: string | false | undefined
}

/**
 * Translates the options into one edit. `nowMs` is the time for `now`.
 * @throws BtkitError `usage` if nothing would change
 */
export function editOf(options: ChangeOptions, nowMs: number): TorrentEdit {
  const details = detailsOf(options, nowMs)
  const edits = [
    ...(Object.values(details).some((detail) => detail !== undefined) ? [setDetails(details)] : []),
    ...(options.name === undefined ? [] : [setName(options.name)]),
    ...listEdits(options),
  ]
  if (edits.length > 0) return combineEdits(edits)
  throw new BtkitError('usage', 'nothing to change; give an option such as --comment or --date')
}

function detailsOf(options: ChangeOptions, nowMs: number): Details {
  const { date } = options
  return {
    comment: textOf(options.comment),
    createdBy: textOf(options.createdBy),
    creationDate: date === false ? null : date === 'now' ? Math.floor(nowMs / 1000) : date,
    private: options.private,
    source: textOf(options.source),
  }
}

/** An empty text removes the key. */
function textOf(option: string | false | undefined): string | null | undefined {
  if (option === false || option === '') return null
  return typeof option === 'string' ? option : undefined
}
