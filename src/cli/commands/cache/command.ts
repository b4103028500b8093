import { availableParallelism } from 'node:os'
import { Command, Option } from '@commander-js/extra-typings'
import { removeUnused, summarize } from '../../../cache/maintain.js'
import { cacheSize, removeCache } from '../../../cache/open.js'
import type { PieceCache } from '../../../cache/piece-cache.js'
import { dayOf } from '../../../cache/records/record.js'
import { verifyCache } from '../../../core/cache/verify.js'
import { escapeText } from '../../../text/escape.js'
import { jsonLine } from '../../../text/json-line.js'
import {
  cacheDirOption,
  cachePath,
  openCacheAccess,
  unusedForOption,
} from '../../arguments/cache-options.js'
import { cacheText } from './report.js'
import type { CommandContext } from '../../context.js'
import { engineFor } from '../../arguments/engine-options.js'
import { reportError } from '../../output/messages.js'
import type { Io } from '../../io.js'
import { wholeNumber } from '../../arguments/values.js'
import { count } from '../../output/quantity.js'

export function defineCache(context: CommandContext) {
  return new Command('cache')
    .description('Look after the piece cache.')
    .addCommand(defineStats(context))
    .addCommand(definePrune(context))
    .addCommand(defineVerify(context))
    .addCommand(defineClear(context))
}

function defineStats({ io }: CommandContext) {
  return new Command('stats')
    .description('Say what is in the cache, and how often it was of use.')
    .addOption(cacheDirOption())
    .option('--json', 'print a JSON object', false)
    .action(async ({ cacheDir, json }) => {
      const directory = cachePath(cacheDir, io)
      const size = cacheSize(directory)
      const summary = await withCache(cacheDir, io, (cache) => summarize(cache.store))
      const report = { directory, size: size ?? 0, ...summary }
      io.stdout.write(json ? jsonLine(report) : cacheText(report))
    })
}

function definePrune({ io }: CommandContext) {
  return new Command('prune')
    .description('Remove what was of no use for some time.')
    .addOption(cacheDirOption())
    .addOption(unusedForOption('how long, such as 12h, 30d or 8w'))
    .action(async ({ cacheDir, unusedFor }) => {
      const before = dayOf(io.now() - unusedFor)
      const removed = await withCache(cacheDir, io, (cache) => removeUnused(cache.store, before))
      io.stdout.write(`removed ${count(removed, 'record')}\n`)
    })
}

function defineVerify({ io, finish }: CommandContext) {
  return new Command('verify')
    .description('Hold some of the records against the files themselves.')
    .addOption(cacheDirOption())
    .addOption(
      new Option('--sample <n>', 'how many records to look at')
        .argParser(wholeNumber(1, 1e9))
        .default(1000, '1000'),
    )
    .action(async ({ cacheDir, sample }) => {
      const engine = engineFor({ threads: availableParallelism() }, io)
      const check = await withCache(cacheDir, io, (cache) => verifyCache(cache, engine, sample))
      for (const path of check.wrong)
        reportError(`${path}: its record was wrong, and is removed`, io)
      const { checked, stale, wrong } = check
      io.stdout.write(`checked ${checked}, wrong ${wrong.length}, out of date ${stale}\n`)
      finish(wrong.length > 0 ? 1 : 0)
    })
}

function defineClear({ io }: CommandContext) {
  return new Command('clear')
    .description('Remove the cache.')
    .addOption(cacheDirOption())
    .action(({ cacheDir }) => {
      const directory = cachePath(cacheDir, io)
      removeCache(directory)
      io.stdout.write(`removed the cache in ${escapeText(directory)}\n`)
    })
}

/** Opens the cache for a piece of work; where there is none, that sees an empty one. */
async function withCache<T>(
  cacheDir: string | undefined,
  io: Io,
  work: (cache: PieceCache) => T | Promise<T>,
): Promise<T> {
  const isThere = cacheSize(cachePath(cacheDir, io)) !== null
  const { cache } = await openCacheAccess({ cacheDir, cache: isThere, cacheTrust: 'full' }, io)
  try {
    return await work(cache)
  } finally {
    await cache.close()
  }
}
