import { existsSync } from 'node:fs'
import { OFF } from '../../options/option.js'
import { Command } from '../../acting-command.js'
import { pruneCache, summarizeCache, type CacheReport } from '../../../disk/cache/prune.js'
import { removeCache, type CachePlace } from '../../../disk/cache/open.js'
import { requireDirectory } from '../../line/operands.js'
import { cachePath } from '../../open/cache.js'
import { CACHE_URL } from '../../options/share.js'
import { sharedRedis } from '../../open/share.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import type { Io } from '../../io.js'
import { Report } from '../../output/report.js'
import { count, formatBytes } from '../../../base/text/quantity.js'
import { UNUSED_FOR } from '../../../disk/cache/maintain.js'
import { byteSize, duration } from '../../options/values.js'
import { CACHE_DIR } from '../../options/reading.js'

const EXAMPLES = `
Examples:
  btkit cache stats
  btkit cache prune --unused-for 8w --cache-max-size 500MiB`

export const command: CommandRecord = {
  group: 'Maintain',
  order: 10,
  summary: 'Inspect and clean the piece cache',
  example: 'stats',
  define: defineCache,
}

function defineCache(context: CommandContext) {
  return new Command('cache')
    .description('Inspect and clean the piece cache.')
    .addHelpText('after', EXAMPLES)
    .addCommand(defineStats(context))
    .addCommand(definePrune(context))
    .addCommand(defineClear(context))
}

function defineStats({ io, typed }: CommandContext) {
  return new Command('stats')
    .description('Show the contents of the cache, and how often lookups succeeded.')
    .opt(...CACHE_DIR)
    .opt(...CACHE_URL)
    .opt(
      '--json',
      `print one JSON object. It has *directory*, *size* (bytes of the file), *bytes* (of the
        records), *counts* (of each kind of record), *oldest*, *hits* and *misses*. With
        --cache-url, there is also *shared* with *url* and *records*. The oldest record is given as
        a day, such as '2026-11-20', or null.`,
      OFF,
    )
    .action(async ({ cacheDir, cacheUrl, json }) => {
      const report = await summarizeCache(namedPlace(cacheDir, io))
      const redis = sharedRedis({ cacheUrl }, typed(), io)
      const shared = redis && (await (await loadShared()).summarizeShared(redis))
      new Report({ json }, io).line(shared ? { ...report, shared } : report, [
        ...linesOf(report),
        ...(shared ? [`shared:    ${count(shared.records, 'record')} in ${shared.url}`] : []),
      ])
    })
}

function definePrune({ io, typed }: CommandContext) {
  return new Command('prune')
    .description('Remove unused records, and caches that are not used: damaged or old ones.')
    .opt(...CACHE_DIR)
    .opt(...CACHE_URL)
    .opt(
      '--unused-for <time>',
      `remove records unused for this long, such as 12h, 30d or 8w. Use is recorded once a week, so
        records may stay a week longer.`,
      { parse: duration, default: UNUSED_FOR, defaultText: '30d' },
    )
    .opt(
      '--cache-max-size <size>',
      `remove further records until the rest fits, such as 500MiB (default: unlimited). Sets of
        paths are removed first, then infos of torrents, shared pieces, digests of version 2 and
        digests of version 1; of each kind the least recently used.`,
      { parse: byteSize },
    )
    .opt('--dry-run', 'show how much would be removed, and remove nothing', OFF)
    .opt('--json', 'print a JSON object', OFF)
    .action(async ({ cacheDir, cacheUrl, cacheMaxSize: maxSize, json, ...request }) => {
      const redis = sharedRedis({ cacheUrl }, typed(), io)
      const place = namedPlace(cacheDir, io)
      const { dryRun, unusedFor } = request
      const pruned = await pruneCache(place, unusedFor, maxSize, dryRun)
      const { records, damagedFiles } = pruned
      const verb = dryRun ? 'would remove' : 'removed'
      const others = damagedFiles > 0 ? ` and ${count(damagedFiles, 'unused cache')}` : ''
      const report = new Report({ json }, io)
      report.text(`${verb} ${count(records, 'record')}${others}`)
      const since = io.now() - unusedFor
      const shared = redis && (await (await loadShared()).pruneShared(redis, since, dryRun))
      report.line(
        { ...pruned, shared: shared ?? undefined, dryRun },
        shared === null ? [] : [`${verb} ${count(shared, 'shared record')}`],
      )
    })
}

function defineClear({ io }: CommandContext) {
  return new Command('clear')
    .description('Remove the cache, and damaged or old caches.')
    .opt(...CACHE_DIR)
    .opt('--dry-run', 'only say what would be removed', OFF)
    .action(({ cacheDir, dryRun }) => {
      const directory = cachePath(cacheDir, io)
      if (existsSync(directory)) requireDirectory(directory)
      const removed = dryRun ? 'would remove the cache in' : 'removed the cache in'
      const result = removeCache(directory, dryRun) ? removed : 'no cache in'
      new Report({}, io).text(`${result} ${directory}`)
    })
}

/**
 * The place of the cache. A directory that is named must exist; the default one may be missing.
 * @throws BtkitError `not-found`
 */
function namedPlace(option: string | undefined, io: Io): CachePlace {
  const directory = cachePath(option, io)
  if (option !== undefined || existsSync(directory)) requireDirectory(directory)
  return { directory, now: io.now, warn: new Report({}, io).alert }
}

/** Most runs share nothing. */
const loadShared = () => import('../../../fleet/shared-digests.js')

/** A cache report for people. */
function linesOf(report: CacheReport): string[] {
  const { directory, size, bytes, counts, oldest, hits, misses } = report
  const entries = Object.values(counts).reduce((sum, n) => sum + n, 0)
  const lookups = hits + misses
  const share = lookups === 0 ? '' : ` (${((100 * hits) / lookups).toFixed(1)}%)`
  return [
    `directory: ${directory}`,
    `size:      ${formatBytes(size)}, ${formatBytes(bytes)} in use`,
    `records:   ${entries} (${counts.file} of files, ${counts.tree} of trees, ` +
      `${counts.piece} of shared pieces, ${counts.info + counts.layers} of directories` +
      `, ${count(counts.digest, 'checksum')})`,
    `oldest:    ${oldest === null ? 'none' : `last used on ${oldest}`}`,
    `hits:      ${hits} of ${lookups}${share}`,
  ]
}
