import type { EditedFile } from '../../../core/edit/file.js'
import { BtkitError } from '../../../errors.js'
import { setDetails, type Details } from '../../../metainfo/edit/details.js'
import type { CommandContext } from '../../context.js'
import { declareBulkEdit } from '../editing/options.js'
import { infoHashLines } from '../editing/report.js'
import { runEdits } from '../editing/run.js'
import { wholeNumber } from '../../arguments/values.js'

/** The latest moment that a Date can hold, in seconds since 1970. */
const LATEST_DATE = 8_640_000_000_000

export function defineEdit({ io, finish }: CommandContext) {
  return declareBulkEdit('edit')
    .description('Change what torrents say beside their content and trackers.')
    .argument('[torrent...]', 'the torrents to change')
    .option('--comment <text>', 'set the comment')
    .option('--no-comment', 'remove the comment')
    .option('--created-by <text>', 'set the creator')
    .option('--no-created-by', 'remove the creator')
    .option('--date <seconds>', 'set the creation date, since 1970', wholeNumber(0, LATEST_DATE))
    .option('--no-date', 'remove the creation date')
    .option('--private', 'peers from the tracker only (BEP 27); changes the info hash')
    .option('--no-private', 'peers from anywhere; changes the info hash')
    .option('--source <text>', 'set the source tag; changes the info hash')
    .option('--no-source', 'remove the source tag; changes the info hash')
    .action(async (operands, options) => {
      const edit = setDetails(detailsOf(options))
      finish(await runEdits({ operands, edit, options, describe, hasSummary: true }, io))
    })
}

interface DetailOptions {
  readonly comment?: string | false | undefined
  readonly createdBy?: string | false | undefined
  readonly date?: number | false | undefined
  readonly private?: boolean | undefined
  readonly source?: string | false | undefined
}

function detailsOf(options: DetailOptions): Details {
  const details = {
    comment: textOf(options.comment),
    createdBy: textOf(options.createdBy),
    creationDate: options.date === false ? null : options.date,
    private: options.private,
    source: textOf(options.source),
  }
  if (Object.values(details).every((detail) => detail === undefined)) {
    throw new BtkitError('usage', 'nothing to change: no --comment, --date or the like')
  }
  return details
}

/** An empty text leaves no key behind. */
function textOf(option: string | false | undefined): string | null | undefined {
  if (option === false || option === '') return null
  return typeof option === 'string' ? option : undefined
}

function describe(edited: EditedFile): string[] {
  const { file, isChanged } = edited
  if (!isChanged) return []
  return [`changed ${file}`, ...infoHashLines(edited, ` for ${file}`)]
}
