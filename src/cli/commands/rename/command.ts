import { setName } from '../../../metainfo/edit/details.js'
import { checkName } from '../../../metainfo/name.js'
import type { CommandContext } from '../../context.js'
import { declareEdit } from '../editing/options.js'
import { renameLines } from '../editing/legacy.js'
import { runEdits } from '../editing/run-edits.js'
import { checked } from '../../arguments/values.js'

const EXAMPLES = `
Examples:
  btkit rename image.torrent image-2.0.iso
  btkit rename --dry-run image.torrent image-2.0.iso`

/** Defines the command `rename`. */
export function defineRename({ io, isLegacy, finish }: CommandContext) {
  return declareEdit('rename')
    .description('Change the name in a torrent, and therefore its info hash.')
    .argument('<torrent>', 'the torrent to change')
    .argument('<name>', 'the new name of the file or directory', checked(checkName))
    .addHelpText('after', EXAMPLES)
    .action(async (torrent, name, options) => {
      const legacy = isLegacy ? { describe: renameLines } : null
      finish(await runEdits({ operands: [torrent], edit: setName(name), options, legacy }, io))
    })
}
