import { basename } from 'node:path'
import { InvalidArgumentError } from '@commander-js/extra-typings'
import { Command } from '../../acting-command.js'
import { usageError } from '../../../base/errors.js'
import { magnetLink } from '../../../metainfo/magnet.js'
import { type Metainfo, contentSize } from '../../../metainfo/metainfo.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import type { Io } from '../../io.js'
import { Report } from '../../output/report.js'
import { lostTorrent, torrentValue } from '../../output/torrent-json.js'
import { repeated, secondsOr } from '../../options/values.js'
import {
  eachTorrent,
  listTorrents,
  readTorrentInput,
  type ReadTorrent,
} from '../../open/torrent-input.js'
import { LEGACY_PIECE_POW2 } from '../../options/torrent.js'
import {
  SHOWN_NAMES,
  findField,
  hasFailed,
  MOST_FILES,
  seedsValue,
  seedsText,
  showFields,
  showValue,
  showOldText,
  showText,
  showTree,
} from './views.js'
import { version } from '../../../base/process.js'
import { isSameSwarm, swarmDifferences } from '../../../metainfo/compare-swarms.js'
import { automaticPieceLength } from '../../../metainfo/piece-length.js'

const EXAMPLES = `
Examples:
  btkit showmetainfo image.iso.torrent
  btkit showmetainfo --field infoHash *.torrent
  btkit showmetainfo --same old.torrent new.torrent`

function declareShow() {
  return new Command('showmetainfo', { takes: 'torrent' })
    .description('Show what is in a torrent.')
    .argument('<torrent...>', 'torrents to show, or directories of them; - reads standard input')
    .optionsGroup('Output:')
    .opt('--tree', 'print the files as a tree, with sizes and attributes, without pad files', {
      excludes: ['magnet', 'json'],
    })
    .opt(
      '--magnet',
      'print only the magnet link: info hashes, name, size, trackers and web seeds',
      { excludes: ['json'] },
    )
    .opt('--all', 'print all files, also at a terminal (default: the first 50)')
    .opt('--json', 'print one JSON object a line for each torrent; see JSON')
    .opt(
      '--field <name>',
      `print only this value (repeatable); a wrong name prints a list of all. Each
        is printed on one line. With several names or torrents, a missing value is an empty line.
        The names are those of --json, also spelled like 'info-hash'. 'files' prints paths.
        'pieces-roots' and 'piece-layers' print a line for each file of version 2, in the order of
        'files'.`,
      { defaultText: 'none', excludes: ['json', 'magnet', 'tree'], ...fields },
    )
    .opt(
      '--check-seeds',
      `request a random piece from each web seed, and check it; status 1 if one is wrong. Web seeds
        (BEP 19) and HTTP seeds (BEP 17) are asked; see SEEDS.`,
      { excludes: ['field', 'magnet', 'tree'] },
    )
    .opt(
      '--seed-timeout <seconds>',
      'wait this long for a piece, with --check-seeds',
      secondsOr(20),
    )
    .opt(
      '--same',
      `compare the swarms of torrents with that of the first; status 1 if one differs. Torrents
        share a swarm if an info hash of one version is the same. Otherwise each difference has a
        line: version, name, piece length, *private*, source, files, order, sizes, pad files, each
        other key of *info* and of its files such as *md5sum*, or content.`,
      { excludes: ['checkSeeds', 'field', 'magnet', 'tree'] },
    )
    .addHelpText('after', EXAMPLES)
}

/** The options, and the most files that are listed; null for BitTornado's output. */
interface Shown extends Pick<ShowOptions, 'magnet' | 'tree' | 'field'> {
  readonly isAligned: boolean
  readonly most: number | null
}

type ShowOptions = ReturnType<ReturnType<typeof declareShow>['opts']>

export const command: CommandRecord = {
  group: 'Show and check',
  order: 10,
  spellings: ['show', 'info', 'dump', 'inspect'],
  summary: 'Show what a torrent contains',
  example: 'image.iso.torrent',
  define: defineShowmetainfo,
}

function defineShowmetainfo({ io, program, finish }: CommandContext) {
  return declareShow().action(async (files, options) => {
    const { magnet, tree, field } = options
    if (options.same || options.checkSeeds) {
      finish(await (options.same ? showSame : checkAll)(files, options, io))
      return
    }
    const isText = !magnet && !tree && field.length === 0
    const heading = [`${program} ${version()} - decode BitTorrent metainfo files`, '']
    const listed = io.stdout.isTTY && !options.all ? MOST_FILES : Infinity
    // Under the legacy name the output equals BitTornado's
    const most = program === 'btkit' ? listed : null
    const report = new Report(options, io)
    let shown = 0
    const show = async (file: string, read: ReadTorrent, all: readonly string[]) => {
      const isAligned = field.length > 1 || all.length > 1
      const metainfo = await read()
      if (isText) report.text(shown++ > 0 ? [''] : heading)
      report.line(
        () => showValue(metainfo, file),
        () => view(metainfo, file, { ...options, most, isAligned }),
      )
      for (const { message } of metainfo.warnings) report.warn(`${file}: ${message}`)
    }
    finish(await eachTorrent(files, show, report, io))
  })
}

/** Checks the seeds of all torrents and prints the results. Returns the exit status. */
async function checkAll(files: readonly string[], options: ShowOptions, io: Io): Promise<number> {
  // Loaded only when needed
  const { checkSeeds } = await import('../../../core/verify/check-seeds.js')
  const asking = { timeoutMs: options.seedTimeout, signal: io.signal, random: Math.random }
  const report = new Report(options, io)
  let failed = 0
  const check = async (file: string, read: ReadTorrent) => {
    const metainfo = await read()
    const checks = await checkSeeds(metainfo, asking)
    failed += checks.filter(hasFailed).length
    report.line(seedsValue(checks, file, metainfo), seedsText(checks, file))
  }
  const status = await eachTorrent(files, check, report, io)
  return failed > 0 ? 1 : status
}

const fields = repeated((text) => {
  const name = findField(text)
  if (name) return [name]
  throw new InvalidArgumentError(`unknown field; use one of ${SHOWN_NAMES.join(', ')}`)
})

function view(metainfo: Metainfo, file: string, options: Shown): string[] {
  const { field, isAligned } = options
  if (field.length > 0) return showFields(metainfo, field, isAligned)
  if (options.magnet) return [magnetLink(metainfo)]
  if (options.tree) return showTree(metainfo)
  const { most } = options
  return most === null
    ? showOldText(metainfo, basename(file))
    : showText(metainfo, basename(file), most)
}

/**
 * Compares each further torrent with the first. Prints whether both share a swarm, and why not.
 * Returns the exit status: 1 if any torrent does not, or cannot be read.
 *
 * @throws BtkitError for fewer than two torrents, or if the first cannot be read
 */
async function showSame(
  operands: readonly string[],
  options: ShowOptions,
  io: Io,
): Promise<number> {
  const { files, refused } = await listTorrents(operands, io)
  for (const { error } of refused) throw error
  const [first, ...others] = files
  if (first === undefined || others.length === 0) {
    throw usageError('--same needs at least two torrents')
  }
  const report = new Report(options, io)
  let different = 0
  const compare = (a: Metainfo) => async (other: string) => {
    const b = await readTorrentInput(other, io)
    const [same, differences] = [isSameSwarm(a, b), swarmDifferences(a, b)]
    if (!same) different++
    const lines = differences.map(({ what, first, second }) => `  ${what}: ${first} | ${second}`)
    const verdict = `${first}, ${other}: ${same ? 'one swarm' : 'two swarms'}`
    report.line(
      torrentValue(first, a, { other, same, differences }),
      same ? verdict : [verdict, ...lines, ...pieceLengthHint(a, b)],
    )
  }
  const compareAll = async () => {
    const a = await readTorrentInput(first, io)
    return report.each(others, compare(a), lostTorrent)
  }
  const status = await report.attempt(compareAll, (error) => lostTorrent(first, error))
  return different > 0 ? 1 : status
}

/** Explains the difference between the old names' piece length and one by size. */
function pieceLengthHint(a: Metainfo, b: Metainfo): string[] {
  const lengths: readonly number[] = [a.pieceLength, b.pieceLength]
  const isHint =
    a.pieceLength !== b.pieceLength &&
    lengths.includes(2 ** LEGACY_PIECE_POW2) &&
    lengths.includes(automaticPieceLength(contentSize(a)))
  if (!isHint) return []
  return ['  btmakemetafile and btcompletedir use 256 KiB; --piece_size_pow2 0 chooses by size']
}
