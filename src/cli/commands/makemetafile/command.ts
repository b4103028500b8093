import { checkPatterns } from '../../../files/scan/load-name-filter.js'
import type { CommandContext } from '../../context.js'
import { closeCache, openCacheAccess } from '../../arguments/cache-options.js'
import { openWorkers } from '../../arguments/queue-options.js'
import { shareRequest } from '../../arguments/share-options.js'
import { readFileList } from '../../arguments/file-list.js'
import { noteInfoKeys, warnOfTracker } from '../../arguments/torrent-request.js'
import { engineFor } from '../../arguments/engine-options.js'
import { reportNote, tryEach } from '../../output/messages.js'
import { failureLine } from '../../output/torrent-json.js'
import type { Io } from '../../io.js'
import { makeRequests, STDIN, type MakeGroup } from './request.js'
import { declareMakemetafile, type MakeOptions } from './request.js'
import { trackerlessNote } from '../../arguments/tracker-options.js'
import { UnmatchedPatterns, type NamePatterns } from '../../arguments/name-patterns.js'
import { sortOperands } from '../../arguments/operands.js'
import { checkAll } from './make-torrents.js'
import { makeAll, makeStreamed, type Run } from './make-torrents.js'

export function defineMakemetafile({ io, isLegacy, finish }: CommandContext) {
  return declareMakemetafile({ isLegacy }).action(async (args, options, command) => {
    const operands = sortOperands(args)
    const isStdin = operands.sources.includes(STDIN)
    const chosen = isStdin ? undefined : await readChosen(options, io)
    const groups = makeRequests({ ...operands, chosen, isLegacy }, options, io)
    for (const [request] of groups.slice(0, 1)) tellOfTrackers(request, options, io)
    noteInfoKeys(options, io)
    await checkPatterns(options)
    const engine = engineFor(options, io)
    const shareWith = await shareRequest(options, command, io)
    const elsewhere = await openWorkers(options, command, io)
    const cacheAccess = await openCacheAccess(
      { ...options, shareWith, cache: options.cache && !options.dryRun },
      io,
    )
    const hashContext = { engine, cacheAccess, elsewhere }
    const lastSource = groups.at(-1)?.[0].source ?? ''
    const unmatched = isStdin ? null : new UnmatchedPatterns(typedPatterns(options, command), io)
    const run = { options, hashContext, io, unmatched, lastSource, reported: new Set<string>() }
    try {
      const makeGroup = isStdin ? makeStreamed : makeAll
      const unchanged: boolean[] = []
      const status = await tryEach(groups, io, (group) => {
        return withFailures(group, run, async () => {
          if (!options.check) return makeGroup(group, run)
          unchanged.push(await checkAll(group, run))
        })
      })
      finish(unchanged.every(Boolean) ? status : 1)
    } finally {
      await elsewhere?.close()
      await closeCache(cacheAccess, io)
    }
  })
}

/** The typed globs. The globs of a configuration need not match something each time. */
function typedPatterns(
  { include, exclude }: MakeOptions,
  command: { getOptionValueSource: (name: 'include' | 'exclude') => string | undefined },
): NamePatterns {
  const isTyped = (name: 'include' | 'exclude') => command.getOptionValueSource(name) === 'cli'
  return { include: isTyped('include') ? include : [], exclude: isTyped('exclude') ? exclude : [] }
}

/** Does `work`. If it fails, prints a line of JSON for each torrent that has none yet. */
async function withFailures(
  group: MakeGroup,
  { options, io, reported }: Run,
  work: () => Promise<void>,
) {
  try {
    await work()
  } catch (error) {
    const missing = group
      .flatMap(({ torrent }) => torrent ?? [])
      .filter((each) => !reported.has(each))
    if (options.json && !io.signal.aborted)
      for (const torrent of missing) io.stdout.write(failureLine(torrent, error))
    throw error
  }
}

function tellOfTrackers(request: MakeGroup[0], options: MakeOptions, io: Io): void {
  warnOfTracker(request, options, io)
  const note = options.quiet ? null : trackerlessNote(request.parts, options)
  if (note !== null) reportNote(note, io)
}

/** The paths that a list names; undefined when there is none. */
async function readChosen({ filesFrom }: MakeOptions, io: Io) {
  if (filesFrom === undefined) return undefined
  const { files, refused } = await readFileList(filesFrom, io)
  for (const { error } of refused) throw error
  return files
}
