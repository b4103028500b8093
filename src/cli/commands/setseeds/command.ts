import type { EditedFile } from '../../../core/edit/file.js'
import { setSeeds, type SeedKey } from '../../../metainfo/edit/lists.js'
import { parseSeeds } from '../../../metainfo/trackers.js'
import type { CommandContext } from '../../context.js'
import { declareBulkEdit } from '../editing/options.js'
import { oldSeedLines } from '../editing/legacy.js'
import { runEdits } from '../editing/run-edits.js'
import { checked } from '../../arguments/values.js'

/** The arguments that remove all seeds: BitTornado's 0, and the empty text. */
const NONE: readonly string[] = ['0', '']

const KINDS = {
  httpseeds: { kind: 'HTTP seed', bep: 17 },
  'url-list': { kind: 'web seed', bep: 19 },
} as const

/** Defines a command that sets the seeds under one key of torrents. */
export function defineSetSeeds(name: string, key: SeedKey, context: CommandContext) {
  const { io, isLegacy, finish } = context
  const { kind, bep } = KINDS[key]
  const parseUrls = (text: string) => (NONE.includes(text) ? null : parseSeeds(text, kind))
  return declareBulkEdit(name)
    .description(`Set or remove the ${kind}s (BEP ${bep}) of torrents, and nothing else.`)
    .argument('<urls>', "URLs separated by '|' or ','; '' or 0 removes all", checked(parseUrls))
    .argument('[torrent...]', 'the torrents to change')
    .addHelpText('after', examples(name))
    .action(async (urls, operands, options) => {
      const describe = (edited: EditedFile) => oldSeedLines(edited, key)
      const legacy = isLegacy ? { describe } : null
      finish(await runEdits({ operands, edit: setSeeds(key, urls), options, legacy }, io))
    })
}

function examples(name: string): string {
  return `
Examples:
  btkit ${name} http://mirror.example/files/ *.torrent
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
