import type { TorrentFacts } from '../../../core/edit/file.js'
import { BtkitError, usageError } from '../../../errors.js'
import { setName, setSeeds } from '../../../metainfo/edit/details.js'
import {
  changeTrackers,
  isReplaced,
  parseReplacement,
  substitute,
  type TrackerReplacement,
  readTrackers,
  trackerBytes,
} from '../../../metainfo/edit/trackers.js'
import { checkName } from '../../../metainfo/name.js'
import {
  announceUrls,
  looksLikeUrl,
  parseAnnounceList,
  parseSeeds,
  parseTrackers,
  urlForms,
} from '../../../metainfo/trackers.js'
import { readTorrentFile } from '../../open/torrent-input.js'
import { checked, collect, repeated, trackers, trackerTiers } from '../../options/values.js'
import type { CommandContext } from '../../context.js'
import { reportNote } from '../../output/messages.js'
import {
  oldSeedLines,
  oldTrackerLines,
  renameLines,
  trackerLines,
  removals,
  runEdits,
  stepTrackers,
  type Removal,
} from './run-edits.js'
import { declareBulkEdit, declareSingleEdit, isNone } from './options.js'
import { Opt, ownOptions } from '../../options/option.js'

// The commands of BitTornado that edit torrents: edits with arguments and an output of their own.

const REANNOUNCE_EXAMPLES = `
Without -a, --replace, --add and --remove, the first argument is the tracker.

Examples:
  btkit reannounce http://new.example/announce *.torrent
  btkit reannounce --replace http://old.example/=http://new.example/ *.torrent
  find . -name '*.torrent' | btkit reannounce --add udp://t:69 --files-from -`

function declareReannounce() {
  const command = declareBulkEdit('reannounce')
    .description('Change the trackers of torrents, and nothing else.')
    .argument('[announce-or-torrent...]', 'the new tracker or a list, and the torrents to change')
    .optionsGroup('Trackers:')
    .addOption(
      new Opt(
        '-a, --announce <urls>',
        "set this tracker instead of the argument; ',' separates trackers of a tier, each -a " +
          'adds a tier (repeatable)',
        { trackers: 'tiers' },
      )
        .argParser(trackerTiers)
        .default([]),
    )
    .addOption(
      new Opt(
        '--announce-list <list>',
        "set the list: ',' within a tier, '|' between tiers (default: no list)",
        { trackers: 'tiers', form: 'tiers', excludes: ['announce'] },
      ).argParser(checked(parseAnnounceList)),
    )
    .addOption(
      new Opt('--remove <url>', 'remove a tracker (repeatable)', { trackers: 'removed' })
        .argParser(collect)
        .default([]),
    )
    .addOption(
      new Opt('--replace <old=new>', 'replace a tracker, or its beginning (repeatable)', {
        form: 'map',
        isSecret: true,
      })
        .argParser(repeated((text) => [checked(parseReplacement)(text)]))
        .default([]),
    )
    .addOption(
      new Opt('--add <url>', 'add a tracker in a tier of its own (repeatable)', {
        trackers: 'added',
      })
        .argParser(trackers)
        .default([]),
    )
    .addHelpText('after', REANNOUNCE_EXAMPLES)
  return ownOptions(command)
}

type AnnounceOptions = ReturnType<ReturnType<typeof declareReannounce>['opts']>

export function defineReannounce({ io, isLegacy, finish }: CommandContext) {
  return declareReannounce().action(async (args, options) => {
    const { edit, torrents } = planAnnounce(args, options)
    requireTorrents(torrents, options)
    const legacy = isLegacy ? { describe: oldTrackerLines } : null
    const removed = removals('--remove', options.remove, announceUrls)
    const all = [...removed, ...options.replace.map(asRemoval)]
    finish(await runEdits({ operands: torrents, edit, options, removals: all, legacy }, io))
  })
}

/** @throws BtkitError `usage` if a shell may have cut off the torrents after a list */
function requireTorrents(
  torrents: readonly string[],
  { announceList, filesFrom }: AnnounceOptions,
): void {
  if (torrents.length > 0 || filesFrom !== undefined || announceList === undefined) return
  throw usageError(`no torrent given; name at least one, and put a list with '|' in quotes`)
}

/** Warns about a replacement of a tracker that no torrent has, before or after earlier ones. */
function asRemoval(
  { from, to }: TrackerReplacement,
  i: number,
  all: readonly TrackerReplacement[],
): Removal {
  const isIn = (facts: TorrentFacts) => {
    const now = (url: string) => all.slice(0, i).reduce(substitute, url)
    return announceUrls(facts).some((url) => {
      return urlForms(from).some((form) => isReplaced(now(url), form))
    })
  }
  return { option: `--replace ${from}=${to}`, isIn }
}

/**
 * Translates the forms of reannounce. With --announce, --add, --remove or --replace all arguments
 * are torrents. Without them one argument is the new announce.
 * @throws BtkitError `usage` if the arguments contradict each other
 */
function planAnnounce(args: readonly string[], options: AnnounceOptions) {
  const { announce, announceList, replace, add, remove } = options
  const isOption = announce.length > 0
  const url = args.find(looksLikeUrl)
  if (replace.length + add.length + remove.length > 0) {
    if (isOption) throw usageError('--announce excludes --replace, --add and --remove')
    if (announceList) throw usageError('--announce-list excludes --replace, --add and --remove')
    if (url !== undefined)
      throw usageError(`${url}: with --replace, --add or --remove all arguments are torrents`)
    return { edit: stepTrackers({ replace, add, remove }), torrents: args }
  }
  if (isOption && url !== undefined)
    throw usageError(`${url}: give the tracker either as an argument or with --announce`)
  const [first, torrents] = isOption ? ['', args] : splitFirst(args, looksLikeUrl)
  if (first === undefined)
    throw usageError('nothing to change; give an announce URL, --replace, --add or --remove')
  if (!isOption && url === undefined && /\.torrent$/i.test(first))
    throw usageError(
      `${first}: no announce URL before it; give one, or --replace, --add or --remove`,
    )
  const given = isOption ? announce : parseTrackers(first)
  const isList = given.flat().length > 1
  if (announceList && isList) {
    const where = isOption ? '--announce' : 'the argument'
    throw usageError(`--announce-list and several trackers in ${where} cannot be used together`)
  }
  const tiers = announceList ?? (isList ? given : null)
  const edit = changeTrackers(() => ({
    announce: trackerBytes(given[0]?.[0] ?? ''),
    tiers: tiers?.map((tier) => tier.map(trackerBytes)) ?? null,
  }))
  return { edit, torrents }
}

/** Separates the argument that is a value from the torrents: the first URL, or else the first. */
function splitFirst(args: readonly string[], isValue: (arg: string) => boolean) {
  const at = Math.max(0, args.findIndex(isValue))
  return [args[at], args.filter((_, i) => i !== at)] as const
}

const COPY_EXAMPLES = `
Examples:
  btkit copyannounce new.torrent old/*.torrent
  btkit copyannounce --dry-run new.torrent old/*.torrent`

/**
 * Defines the command `copyannounce`.
 * @throws BtkitError `metainfo` if the source has no trackers
 */
export function defineCopyannounce({ io, isLegacy, finish }: CommandContext) {
  return declareBulkEdit('copyannounce')
    .description('Copy the trackers of a torrent to others.')
    .argument('<source>', 'the torrent whose trackers to copy')
    .argument('[torrent...]', 'the torrents to change')
    .addHelpText('after', COPY_EXAMPLES)
    .action(async (source, operands, options) => {
      const metainfo = readTorrentFile(source, options.maxTorrentSize)
      const trackers = readTrackers(metainfo)
      if (trackers.announce === null && trackers.tiers === null) {
        throw new BtkitError('metainfo', `${source}: has no trackers to copy; name another torrent`)
      }
      const heading = trackerLines(metainfo, 'new', '')
      const legacy = isLegacy ? { heading, describe: oldTrackerLines } : null
      finish(
        await runEdits({ operands, edit: changeTrackers(() => trackers), options, legacy }, io),
      )
    })
}

const RENAME_EXAMPLES = `
Examples:
  btkit rename image.torrent image-2.0.iso
  btkit rename --dry-run image.torrent image-2.0.iso`

export function defineRename({ io, isLegacy, finish }: CommandContext) {
  return declareSingleEdit('rename')
    .description('Change the name in a torrent, and therefore its info hash.')
    .argument('<torrent>', 'the torrent to change')
    .argument('<name>', 'the new name of the file or directory', checked(checkName))
    .addHelpText('after', RENAME_EXAMPLES)
    .action(async (torrent, name, options) => {
      const legacy = isLegacy ? { describe: renameLines } : null
      finish(await runEdits({ operands: [torrent], edit: setName(name), options, legacy }, io))
    })
}

const IGNORED =
  'clients with libtorrent 2.1 or later ignore HTTP seeds; btkit edit --web-seed sets web seeds'

const SEED_EXAMPLES = `
Examples:
  btkit sethttpseeds http://mirror.example/files/ *.torrent
  btkit sethttpseeds --http-seed http://mirror.example/files/ *.torrent
  btkit sethttpseeds 0 *.torrent`

export function defineSethttpseeds({ io, isLegacy, finish }: CommandContext) {
  const command = declareBulkEdit('sethttpseeds')
    .description('Set or remove the HTTP seeds (BEP 17) of torrents, and nothing else.')
    .argument(
      '[urls-or-torrent...]',
      "URLs separated by '|' or ','; '' or 0 removes all; and the torrents to change",
    )
    .optionsGroup('Seeds:')
    .addOption(
      new Opt(
        '--http-seed <urls>',
        'set this HTTP seed instead of the argument; then all arguments are torrents (repeatable)',
        { form: 'list' },
      ).argParser(repeated(checked(seedsOrNone))),
    )
    .addHelpText('after', SEED_EXAMPLES)
  return ownOptions(command).action(async (args, options) => {
    const { seeds, torrents } = splitSeeds(args, options.httpSeed)
    if (seeds.length > 0 && !isLegacy && !options.quiet) reportNote(IGNORED, io)
    const edit = setSeeds('httpseeds', seeds.length > 0 ? seeds : null)
    const legacy = isLegacy ? { describe: oldSeedLines } : null
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
