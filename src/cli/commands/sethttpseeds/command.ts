import type { EditedFile } from '../../../core/edit/file.js'
import { usageError } from '../../../base/errors.js'
import { setSeeds } from '../../../metainfo/edit/details.js'
import { looksLikeUrl, parseSeeds } from '../../../metainfo/trackers.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { declareEditing, isNone, splitFirst } from '../../editing/options.js'
import { runEdits } from '../../editing/run-edits.js'
import { repeated } from '../../options/values.js'
import { optional } from '../../output/messages.js'
import { Report } from '../../output/report.js'

const IGNORED =
  'clients with libtorrent 2.1 or later ignore HTTP seeds; btkit edit --web-seed sets web seeds'

const EXAMPLES = `
Examples:
  btkit sethttpseeds http://mirror.example/files/ *.torrent
  btkit sethttpseeds --http-seed http://mirror.example/files/ *.torrent
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
    .description('Set or remove the HTTP seeds (BEP 17) of torrents, and nothing else.')
    .argument(
      '[urls-or-torrent...]',
      "URLs separated by '|' or ','; '' or 0 removes all; and the torrents to change",
    )
    .optionsGroup('Seeds:')
    .opt(
      '--http-seed <urls>',
      'set this HTTP seed instead of the argument; then all arguments are torrents (repeatable)',
      { mayBeEmpty: true, form: 'list', parse: repeated(seedsOrNone).parse },
    )
    .addHelpText('after', EXAMPLES)
  return command.action(async (args, options) => {
    const { seeds, torrents } = splitSeeds(args, options.httpSeed)
    if (seeds.length > 0 && !isLegacy) new Report(options, io).note(IGNORED)
    const edit = setSeeds('httpSeeds', seeds.length > 0 ? seeds : null)
    const describe = ({ file, before }: EditedFile) =>
      optional(`old http-seed list for ${file}`, before.httpSeeds?.join('|') ?? null)
    const legacy = isLegacy ? { describe } : null
    finish(await runEdits({ operands: torrents, edit, options, legacy }, io))
  })
}

const seedsOrNone = (text: string) => (isNone(text) ? [] : parseSeeds(text, 'HTTP seed'))

/** BitTornado's form has the seeds as an argument; with the option all arguments are torrents. */
function splitSeeds(args: readonly string[], given: readonly string[] | undefined) {
  if (given) {
    const url = args.find(looksLikeUrl)
    if (url === undefined) return { seeds: given, torrents: args }
    throw usageError(`${url}: give the seeds either as an argument or with --http-seed`)
  }
  const isFirst = args[0] !== undefined && isNone(args[0])
  const [urls, torrents] = splitFirst(args, isFirst ? isNone : looksLikeUrl)
  if (urls !== undefined) return { seeds: seedsOrNone(urls), torrents }
  throw usageError('nothing to change; give URLs or --http-seed, and torrents')
}
