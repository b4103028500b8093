import { basename } from 'node:path'
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { BtkitError } from '../../../errors.js'
import type { FileRange } from '../../../metainfo/magnet.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { reportWarning, tryEach } from '../../output/messages.js'
import { withFailureLines } from '../../output/torrent-json.js'
import { selectingLink, selectOnlyOption } from '../../arguments/select-only.js'
import { seconds } from '../../arguments/values.js'
import { maxTorrentSize } from '../../arguments/max-torrent-size.js'
import { showJson, hasFailed, seedsJson, seedsText } from './json.js'
import { FIELD_NAMES, findField, showFields, type FieldName } from './fields.js'
import { showSame } from './same.js'
import { furtherLines, showText } from './text.js'
import { showTree } from './tree.js'
import { readTorrentInput } from '../../arguments/torrent-input.js'
import { version } from '../../../version.js'

interface ShowOptions {
  readonly json?: true | undefined
  readonly magnet?: true | undefined
  readonly tree?: true | undefined
  readonly field: readonly FieldName[]
  readonly selectOnly?: readonly FileRange[] | undefined
  readonly checkSeeds?: true | undefined
  /** In milliseconds. */
  readonly seedTimeout: number
  readonly same?: true | undefined
  readonly maxTorrentSize: number
}

const EXAMPLES = `
Examples:
  btkit showmetainfo image.iso.torrent
  btkit showmetainfo --field infoHash *.torrent
  btkit showmetainfo --same old.torrent new.torrent`

/** Defines the command `showmetainfo`. */
export function defineShowmetainfo({ io, program, finish }: CommandContext) {
  return new Command('showmetainfo')
    .description('Show what is in a torrent.')
    .argument('<torrent...>', 'torrents to show; - reads standard input')
    .optionsGroup('Output:')
    .addOption(new Option('--tree', 'print the files as a tree').conflicts(['magnet', 'json']))
    .addOption(new Option('--magnet', 'print only the magnet link').conflicts('json'))
    .option('--json', 'print one line of JSON for each torrent')
    .addOption(
      new Option(
        '--field <name>',
        'print only this value, one a line; a wrong name lists all (repeatable)',
      )
        .argParser(fields)
        .default<FieldName[]>([], 'none')
        .conflicts(['json', 'magnet', 'tree']),
    )
    .addOption(selectOnlyOption('select files for --magnet by index from 0: 0,2,4-6 (BEP 53)'))
    .addOption(
      new Option(
        '--check-seeds',
        'request a random piece from each web seed, and check it; status 1 if one is wrong',
      ).conflicts(['field', 'magnet', 'tree']),
    )
    .addOption(
      new Option('--seed-timeout <seconds>', 'wait this long for a seed, with --check-seeds')
        .argParser(seconds)
        .default(20_000, '20'),
    )
    .addOption(
      new Option(
        '--same',
        'compare the swarms of torrents with that of the first; status 1 if one differs',
      ).conflicts(['checkSeeds', 'field', 'magnet', 'tree']),
    )
    .addOption(maxTorrentSize())
    .addHelpText('after', EXAMPLES)
    .action(async (files, options) => {
      checkOptions(options)
      if (options.same) {
        finish(await showSame(files, options, io))
        return
      }
      if (options.checkSeeds) {
        finish(await checkAll(files, options, io))
        return
      }
      const { json, magnet, tree, field } = options
      const isText = !json && !magnet && !tree && field.length === 0
      const heading = `${program} ${version()} - decode BitTorrent metainfo files\n\n`
      let shown = 0
      const status = await tryEach(
        files,
        io,
        withFailureLines(json, io, async (file) => {
          const metainfo = await readTorrentInput(file, options.maxTorrentSize, io)
          if (isText) io.stdout.write(shown++ > 0 ? '\n' : heading)
          io.stdout.write(view(metainfo, file, options))
          // Omitted under the legacy name, whose output equals BitTornado's
          if (isText && program === 'btkit') io.stdout.write(furtherLines(metainfo))
          for (const { message } of metainfo.warnings) reportWarning(`${file}: ${message}`, io)
        }),
      )
      finish(status)
    })
}

/** Checks the seeds of all torrents and prints the results. Returns the exit status. */
async function checkAll(files: readonly string[], options: ShowOptions, io: Io): Promise<number> {
  // Loaded only when needed
  const { checkSeeds } = await import('../../../clients/web-seeds/check-seeds.js')
  const asking = { timeoutMs: options.seedTimeout, signal: io.signal, random: Math.random }
  let failed = 0
  const status = await tryEach(
    files,
    io,
    withFailureLines(options.json, io, async (file) => {
      const metainfo = await readTorrentInput(file, options.maxTorrentSize, io)
      const checks = await checkSeeds(metainfo, asking)
      failed += checks.filter(hasFailed).length
      io.stdout.write(options.json ? seedsJson(checks, file, metainfo) : seedsText(checks, file))
    }),
  )
  return failed > 0 ? 1 : status
}

function checkOptions({ selectOnly, magnet }: ShowOptions): void {
  if (selectOnly && !magnet) throw new BtkitError('usage', '--select-only needs --magnet')
}

/** Adds a field to those that are printed. */
function fields(text: string, previous: readonly FieldName[]): FieldName[] {
  const name = findField(text)
  if (name) return [...previous, name]
  throw new InvalidArgumentError(`unknown field; use one of ${FIELD_NAMES.join(', ')}`)
}

function view(metainfo: Metainfo, file: string, options: ShowOptions): string {
  if (options.json) return showJson(metainfo, file)
  if (options.magnet) return `${selectingLink(metainfo, file, options.selectOnly)}\n`
  if (options.field.length > 0) return showFields(metainfo, options.field)
  if (options.tree) return showTree(metainfo)
  return showText(metainfo, basename(file))
}
