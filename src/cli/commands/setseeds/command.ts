import type { EditedFile } from '../../../core/edit/file.js'
import { BtkitError } from '../../../errors.js'
import { setSeeds, type SeedKey } from '../../../metainfo/edit/lists.js'
import { looksLikeUrl, parseSeeds } from '../../../metainfo/trackers.js'
import type { CommandContext } from '../../context.js'
import { declareBulkEdit } from '../editing/options.js'
import { oldSeedLines } from '../editing/legacy.js'
import { runEdits } from '../editing/run-edits.js'
import { reportNote } from '../../output/messages.js'
import { checked } from '../../arguments/values.js'

/** The arguments that remove all seeds: BitTornado's 0, and the empty text. */
const NONE: readonly string[] = ['0', '']

const KINDS = {
  httpseeds: { option: 'http-seed', kind: 'HTTP seed', bep: 17 },
  'url-list': { option: 'web-seed', kind: 'web seed', bep: 19 },
} as const

/** Defines a command that sets the seeds under one key of torrents. */
export function defineSetSeeds(name: string, key: SeedKey, context: CommandContext) {
  const { io, isLegacy, finish } = context
  const { option, kind, bep } = KINDS[key]
  const parseUrls = (text: string) => (NONE.includes(text) ? [] : parseSeeds(text, kind))
  const addUrls = (text: string, previous: readonly string[] = []) => [
    ...previous,
    ...checked(parseUrls)(text),
  ]
  return declareBulkEdit(name)
    .description(`Set or remove the ${kind}s (BEP ${bep}) of torrents, and nothing else.`)
    .argument(
      '[urls-or-torrent...]',
      "URLs separated by '|' or ','; '' or 0 removes all; and the torrents to change",
    )
    .optionsGroup('Seeds:')
    .option(
      `--${option} <urls>`,
      `set this ${kind} instead of the argument; then all arguments are torrents (repeatable)`,
      addUrls,
    )
    .addHelpText('after', examples(name, option))
    .action(async (args, options) => {
      const given = (options as SeedOptions)[key === 'httpseeds' ? 'httpSeed' : 'webSeed']
      const { urls, torrents } = given ? allTorrents(args, given, option) : urlsFirst(args, option)
      const seeds = typeof urls === 'string' ? parseUrls(urls) : urls
      const edit = setSeeds(key, seeds.length > 0 ? seeds : null)
      const describe = (edited: EditedFile) => oldSeedLines(edited, key)
      const legacy = isLegacy ? { describe } : null
      if (key === 'httpseeds' && seeds.length > 0 && !isLegacy && !options.quiet) {
        const clients = 'clients with libtorrent 2.1 or later ignore HTTP seeds'
        reportNote(`${clients}; btkit setwebseeds sets web seeds`, io)
      }
      finish(await runEdits({ operands: torrents, edit, options, legacy }, io))
    })
}

interface SeedOptions {
  readonly httpSeed?: readonly string[]
  readonly webSeed?: readonly string[]
}

/** BitTornado's form: the first argument has the seeds. */
function urlsFirst([urls, ...torrents]: readonly string[], option: string) {
  if (urls !== undefined) return { urls, torrents }
  throw new BtkitError('usage', `nothing to change; give URLs or --${option}, and torrents`)
}

function allTorrents(torrents: readonly string[], urls: readonly string[], option: string) {
  const url = torrents.find(looksLikeUrl)
  if (url === undefined) return { urls, torrents }
  throw new BtkitError('usage', `${url}: give the seeds either as an argument or with --${option}`)
}

function examples(name: string, option: string): string {
  return `
Examples:
  btkit ${name} http://mirror.example/files/ *.torrent
  btkit ${name} --${option} http://mirror.example/files/ *.torrent
  btkit ${name} 0 *.torrent`
}

/** Defines the command `sethttpseeds`. */
export function defineSethttpseeds(context: CommandContext) {
  return defineSetSeeds('sethttpseeds', 'httpseeds', context)
}

/** Defines the command `setwebseeds`. */
export function defineSetwebseeds(context: CommandContext) {
  return defineSetSeeds('setwebseeds', 'url-list', context)
}
