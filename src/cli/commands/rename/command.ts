import { setName } from '../../../metainfo/edit/details.js'
import { checkName } from '../../../metainfo/name.js'
import type { CommandContext } from '../../context.js'
import { declareEdit } from '../editing/options.js'
import { renameLines } from '../editing/legacy.js'
import { runEdits } from '../editing/run.js'
import { checked } from '../../arguments/values.js'

/** The command `rename`. */
export function defineRename({ io, isLegacy, finish }: CommandContext) {
  return declareEdit('rename')
    .description('Change the name in a torrent, and therefore its info hash.')
    .argument('<torrent>', 'the torrent to change')
    .argument('<name>', 'the new name of the file or directory', checked(checkName))
    .action(async (torrent, name, options) => {
      const legacy = isLegacy ? { describe: renameLines } : null
      finish(await runEdits({ operands: [torrent], edit: setName(name), options, legacy }, io))
    })
}
