import type { EditedFile } from '../../../core/edit/file.js'
import type { TorrentFacts } from '../../../metainfo/facts.js'
import { isSameInfo } from '../../../core/edit/torrent.js'
import { setName } from '../../../metainfo/edit/details.js'
import { checkName } from '../../../metainfo/name.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { declareEditing } from '../../editing/options.js'
import { runEdits } from '../../editing/run-edits.js'
import { optional } from '../../output/messages.js'

const EXAMPLES = `
Examples:
  btkit rename image.torrent image-2.0.iso
  btkit rename --dry-run image.torrent image-2.0.iso`

export const command: CommandRecord = {
  group: 'Other names',
  order: 40,
  summary: 'Change the name in a torrent',
  example: 'image.iso.torrent image-2.iso',
  define: defineRename,
}

function defineRename({ io, isLegacy, finish }: CommandContext) {
  return declareEditing('rename')
    .description(
      'Change the name in a torrent, and therefore its info hash; edit changes all values.',
    )
    .argument('<torrent>', 'the torrent to change')
    .argument('<name>', 'the new name of the file or directory', checkName)
    .addHelpText('after', EXAMPLES)
    .action(async (torrent, name, options) => {
      const legacy = isLegacy ? { describe: renameLines } : null
      const run = { operands: [torrent], edit: setName(name), options, single: 'rename', legacy }
      finish(await runEdits(run, io))
    })
}

/**
 * Lines with both names. If the info hashes differ, these follow; BitTornado did not print them.
 */
function renameLines({ before, after }: EditedFile): string[] {
  return [
    `old filename: ${before.name}`,
    `new filename: ${after.name}`,
    ...(isSameInfo(before, after) ? [] : [...hashLines(before, 'old'), ...hashLines(after, 'new')]),
    'done.',
  ]
}

function hashLines({ infoHash, infoHashV2 }: TorrentFacts, age: 'old' | 'new'): string[] {
  return [...optional(`${age} info hash`, infoHash), ...optional(`${age} info hash v2`, infoHashV2)]
}
