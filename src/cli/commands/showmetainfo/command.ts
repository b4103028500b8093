import { basename } from 'node:path'
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { BtkitError, nameErrors } from '../../../errors.js'
import { type FileRange, magnetLink, parseFileRanges } from '../../../metainfo/magnet.js'
import { type Metainfo, contentSize } from '../../../metainfo/metainfo.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { reportWarning, tryEach } from '../../output/messages.js'
import { failureKeys, torrentKeys, withFailureLines } from '../../output/torrent-json.js'
import { checked, seconds } from '../../arguments/values.js'
import {
  maxTorrentSize,
  readTorrentInput,
  readTorrentOperand,
} from '../../arguments/torrent-input.js'
import {
  FIELD_NAMES,
  type FieldName,
  findField,
  furtherLines,
  hasFailed,
  seedsJson,
  seedsText,
  showFields,
  showJson,
  showText,
  showTree,
} from './views.js'
import { version } from '../../../version.js'
import { isSameSwarm, swarmDifferences } from '../../../metainfo/compare-swarms.js'
import { automaticPieceLength } from '../../../metainfo/piece-length.js'
import { escapeText, jsonLine } from '../../../text/escape.js'

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
  const { checkSeeds } = await import('../../../clients/web-seeds/check-seed.js')
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

interface SameOptions {
  readonly json?: true | undefined
  readonly maxTorrentSize: number
}

/**
 * Compares each further torrent with the first. Prints whether both share a swarm, and why not.
 * Returns the exit status: 1 if any torrent does not, or cannot be read.
 *
 * @throws BtkitError for fewer than two torrents, or if the first cannot be read
 */
async function showSame(
  [first, ...others]: readonly string[],
  { json, maxTorrentSize }: SameOptions,
  io: Io,
): Promise<number> {
  if (first === undefined || others.length === 0) {
    throw new BtkitError('usage', '--same needs at least two torrents')
  }
  const different = new Set<string>()
  const compare = (a: Metainfo) => async (other: string) => {
    const b = await readTorrentInput(other, maxTorrentSize, io)
    const pair = { torrent: first, other, a, b }
    if (!isSameSwarm(a, b)) different.add(other)
    io.stdout.write(json ? sameJson(pair) : sameText(pair))
  }
  let status = 0
  await withFailureLines(json, io, async () => {
    const a = await readTorrentInput(first, maxTorrentSize, io)
    status = await tryEach(others, io, withFailureLines(json, io, compare(a)))
  })(first)
  return different.size > 0 ? 1 : status
}

interface Pair {
  readonly torrent: string
  readonly other: string
  readonly a: Metainfo
  readonly b: Metainfo
}

function sameJson({ torrent, other, a, b }: Pair): string {
  const result = { other, same: isSameSwarm(a, b), differences: swarmDifferences(a, b) }
  return jsonLine({ ...torrentKeys(torrent, a), ...result, ...failureKeys(null) })
}

function sameText({ torrent, other, a, b }: Pair): string {
  const names = escapeText(`${torrent}, ${other}`)
  if (isSameSwarm(a, b)) return `${names}: one swarm\n`
  const lines = swarmDifferences(a, b).map(({ what, first, second }) => {
    return `  ${escapeText(`${what}: ${first} | ${second}`)}\n`
  })
  return `${names}: two swarms\n${lines.join('')}${pieceLengthHint(a, b)}`
}

/** The piece length of btmakemetafile, and of BitTornado 0.3.18. */
const OF_BITTORNADO = 2 ** 18

/** Explains the difference between BitTornado 0.3.18 and later versions, which chose by size. */
function pieceLengthHint(a: Metainfo, b: Metainfo): string {
  const lengths = [a.pieceLength, b.pieceLength]
  const isHint =
    a.pieceLength !== b.pieceLength &&
    lengths.includes(OF_BITTORNADO) &&
    lengths.includes(automaticPieceLength(contentSize(a)))
  if (!isHint) return ''
  return '  btmakemetafile uses 256 KiB; --piece_size_pow2 0 chooses by size, as later BitTornado did\n'
}

/** Defines the command `magnet`: showmetainfo --magnet. */
export function defineMagnet({ io, finish }: CommandContext) {
  return new Command('magnet')
    .description('Print the magnet links of torrents, one per line.')
    .argument('<torrent...>', 'torrents; - reads standard input')
    .addOption(selectOnlyOption('select files by index from 0: 0,2,4-6 (BEP 53)'))
    .option('--json', 'print one line of JSON for each torrent')
    .addOption(maxTorrentSize())
    .addHelpText('after', MAGNET_EXAMPLES)
    .action(async (torrents, options) => {
      const view = (metainfo: Metainfo, torrent: string) => {
        const magnet = selectingLink(metainfo, torrent, options.selectOnly)
        return options.json ? identityJson(torrent, metainfo, { magnet }) : `${magnet}\n`
      }
      finish(await showEach(torrents, { ...options, view }, io))
    })
}

/** Defines the command `hash`: the info hashes that showmetainfo prints with --field. */
export function defineHash({ io, finish }: CommandContext) {
  return new Command('hash')
    .description('Print the info hashes of torrents, one line per torrent.')
    .argument('<torrent...>', 'torrents; - reads standard input')
    .option('--json', 'print one line of JSON for each torrent')
    .addOption(maxTorrentSize())
    .addHelpText('after', HASH_EXAMPLES)
    .action(async (torrents, options) => {
      const view = (metainfo: Metainfo, torrent: string) => {
        const hashes = [metainfo.infoHash, metainfo.infoHashV2].flatMap((hash) => hash ?? [])
        return options.json ? identityJson(torrent, metainfo, {}) : `${hashes.join(' ')}\n`
      }
      finish(await showEach(torrents, { ...options, view }, io))
    })
}

const MAGNET_EXAMPLES = `
Examples:
  btkit magnet image.iso.torrent
  btkit magnet --select-only 0,2 release.torrent`

const HASH_EXAMPLES = `
Examples:
  btkit hash image.iso.torrent
  btkit hash *.torrent | sort | uniq -d`

function identityJson(torrent: string, metainfo: Metainfo, values: object): string {
  const identity = { ...torrentKeys(torrent, metainfo), name: metainfo.name }
  return jsonLine({ ...identity, ...values, ...failureKeys(null) })
}

interface Showing {
  readonly json?: true | undefined
  readonly maxTorrentSize: number
  readonly view: (metainfo: Metainfo, torrent: string) => string
}

/** Prints a view of each torrent. Returns the exit status. */
function showEach(torrents: readonly string[], { json, ...options }: Showing, io: Io) {
  const show = async (torrent: string) => {
    const metainfo = await readTorrentOperand(torrent, options.maxTorrentSize, io)
    io.stdout.write(options.view(metainfo, torrent))
  }
  return tryEach(torrents, io, withFailureLines(json, io, show))
}

/** The option `--select-only`: the files that a magnet link selects (BEP 53). */
export function selectOnlyOption(description: string) {
  return new Option('--select-only <files>', description).argParser(checked(parseFileRanges))
}

/**
 * The magnet link of a torrent, with the selected files. `file` names the torrent in errors.
 * @throws BtkitError `usage` if the torrent has no such file
 */
export function selectingLink(
  metainfo: Metainfo,
  file: string,
  selectOnly: readonly FileRange[] | undefined,
): string {
  return nameErrors(file, () => magnetLink(metainfo, selectOnly))
}
