import type { EditedFile } from '../../../core/edit/file.js'
import { usageError } from '../../../base/errors.js'
import { setSeeds } from '../../../metainfo/edit/details.js'
import { looksLikeUrl, parseSeeds } from '../../../metainfo/trackers.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { declareEditing, isNone, splitFirst } from '../../editing/options.js'
import { runEdits } from '../../editing/run-edits.js'
import { optional } from '../../output/messages.js'
import { Report } from '../../output/report.js'

const IGNORED =
  'clients with libtorrent 2.1 or later ignore HTTP seeds; btkit edit --web-seed sets web seeds'

const EXAMPLES = `
Examples:
  btkit sethttpseeds http://mirror.example/files/ *.torrent
  btkit sethttpseeds 0 *.torrent`

export const command: CommandRecord = {
  group: 'Other names',
  order: 50,
  summary: 'Set or remove HTTP seeds (BEP 17)',
  example: 'http://mirror.example/seed.php *.torrent',
  define: defineSethttpseeds,
}

function defineSethttpseeds({ io, isLegacy, finish }: CommandContext) {
  const command = declareEditing('sethttpseeds')
    .description(
      'Set or remove the HTTP seeds (BEP 17) of torrents, and nothing else; edit changes all values.',
    )
    .argument(
      '[urls-or-torrent...]',
      "URLs separated by '|' or ','; '' or 0 removes all; and the torrents to change",
    )
    .addHelpText('after', EXAMPLES)
  return command.action(async (args, options) => {
    const { seeds, torrents } = splitSeeds(args)
    if (seeds.length > 0 && !isLegacy) new Report(options, io).note(IGNORED)
    const edit = setSeeds('httpSeeds', seeds.length > 0 ? seeds : null)
    const describe = ({ file, before }: EditedFile) =>
      optional(`old http-seed list for ${file}`, before.httpSeeds?.join('|') ?? null)
    const legacy = isLegacy ? { describe } : null
    finish(await runEdits({ operands: torrents, edit, options, legacy }, io))
  })
}

function splitSeeds(args: readonly string[]) {
  const isFirst = args[0] !== undefined && isNone(args[0])
  const [urls, torrents] = splitFirst(args, isFirst ? isNone : looksLikeUrl)
  if (urls === undefined) throw usageError('nothing to change; give URLs and torrents')
  return { seeds: isNone(urls) ? [] : parseSeeds(urls, 'HTTP seed'), torrents }
}
