import { BtkitError } from '../../../errors.js'
import { checkName } from '../../../metainfo/name.js'
import { moment } from '../../arguments/date.js'
import { checked } from '../../arguments/values.js'
import type { CommandContext } from '../../context.js'
import { declareBulkEdit, type EditOptions } from '../editing/options.js'
import { runEdits } from '../editing/run-edits.js'
import { noteGiven, refuseContradictions } from './contradictions.js'
import { removalsOf } from './list-edits.js'
import { declareListOptions, type ListOptions } from './list-options.js'
import { editOf } from './request.js'

const EXAMPLES = `
Examples:
  btkit edit --comment 'Release 2' --date now *.torrent
  btkit edit --add-web-seed http://mirror.example/image.iso image.iso.torrent`

/** Defines the command `edit`. */
export function defineEdit({ io, finish }: CommandContext) {
  const command = declareEditOptions()
  declareListOptions(command)
  const given = noteGiven(command)
  return command.action(async (operands, options) => {
    // The types do not include what declareListOptions adds
    const all = options as typeof options & ListOptions
    refuseContradictions(given, all)
    const edit = editOf(all, io.now())
    if (options.name !== undefined) checkSingle(operands, options)
    finish(await runEdits({ operands, edit, options, removals: removalsOf(all), legacy: null }, io))
  })
}

function declareEditOptions() {
  return declareBulkEdit('edit')
    .description('Change values in torrents.')
    .argument('[torrent...]', 'the torrents to change')
    .optionsGroup('Values:')
    .option('--comment <text>', 'set the comment')
    .option('--no-comment', 'remove the comment')
    .option('--created-by <text>', 'set the creator')
    .option('--no-created-by', 'remove the creator')
    .option(
      '--date <when>',
      'set the creation date: seconds since 1970, 2026-11-20, 2026-11-20T12:00Z or now',
      moment,
    )
    .option('--no-date', 'remove the creation date')
    .option('--name <name>', 'set the name; changes the info hash', checked(checkName))
    .option(
      '--private',
      'let clients find peers through the tracker only (BEP 27); changes the info hash',
    )
    .option('--no-private', 'remove that flag; changes the info hash')
    .option('--source <text>', 'set the source tag; changes the info hash')
    .option('--no-source', 'remove the source tag; changes the info hash')
    .addHelpText('after', EXAMPLES)
}

function checkSingle(operands: readonly string[], { filesFrom }: EditOptions): void {
  if (operands.length <= 1 && filesFrom === undefined) return
  throw new BtkitError('usage', '--name works with a single torrent only')
}
