import type { EditedFile } from '../../../core/edit/file.js'
import { setName } from '../../../metainfo/edit/name.js'
import { checkName } from '../../../metainfo/name.js'
import type { CommandContext } from '../../context.js'
import { declareEdit } from '../editing/options.js'
import { infoHashLines } from '../editing/report.js'
import { runEdits } from '../editing/run.js'
import { checked } from '../../arguments/values.js'

export function defineRename({ io, finish }: CommandContext) {
  return declareEdit('rename')
    .description('Change the name in a torrent, and therefore its info hash.')
    .argument('<torrent>', 'the torrent to change')
    .argument('<name>', 'the new name of the file or directory', checked(checkName))
    .action(async (torrent, name, options) => {
      const edit = setName(name)
      const run = { operands: [torrent], edit, options, describe, hasSummary: false }
      finish(await runEdits(run, io))
    })
}

function describe(edited: EditedFile): string[] {
  return [
    `old filename: ${edited.before.name}`,
    `new filename: ${edited.after.name}`,
    ...infoHashLines(edited, ''),
    'done.',
  ]
}
