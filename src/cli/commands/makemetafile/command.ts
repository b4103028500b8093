import {
  makeTorrent,
  measureTorrent,
  planTorrent,
  type MakeRequest,
  type TorrentPlan,
} from '../../../core/make/make-torrent.js'
import type { HashContext } from '../../../core/digests/hash-content.js'
import { checkPatterns } from '../../../files/scan/scan-tree.js'
import { escapeText } from '../../../text/escape.js'
import type { CommandContext } from '../../context.js'
import { openCacheAccess } from '../../arguments/cache-options.js'
import { warnOfTracker } from '../../arguments/torrent-request.js'
import { engineFor } from '../../arguments/engine-options.js'
import { reportNote, tryEach } from '../../output/messages.js'
import type { Io } from '../../io.js'
import { makeJson, notes, textLines, type MakeResult } from './report.js'
import { makeRequests } from './request.js'
import { declareMakemetafile, type MakeOptions } from './options.js'
import { sortOperands } from '../../arguments/operands.js'
import { openProgress } from '../../output/progress.js'

/** One run of the command, for all its torrents. */
interface Run {
  readonly options: MakeOptions
  readonly hashContext: HashContext
  readonly io: Io
}

/** The command `makemetafile`. */
export function defineMakemetafile({ io, isLegacy, finish }: CommandContext) {
  return declareMakemetafile({ isLegacy }).action(async (args, options) => {
    const requests = makeRequests(sortOperands(args), options, io)
    for (const request of requests.slice(0, 1)) warnOfTracker(request, options, io)
    await checkPatterns(options)
    const engine = engineFor(options, io)
    const cacheAccess = await openCacheAccess(
      { ...options, cache: options.cache && !options.dryRun },
      io,
    )
    const run = { options, hashContext: { engine, cacheAccess }, io }
    try {
      finish(await tryEach(requests, io, (request) => makeOne(request, run)))
    } finally {
      await cacheAccess.cache.close()
    }
  })
}

async function makeOne(request: MakeRequest, run: Run): Promise<void> {
  const started = run.io.now()
  const plan = await planTorrent(request)
  // Before the hashing, which may take hours
  for (const note of run.options.quiet ? [] : notes(plan, run.options)) {
    reportNote(`${request.source}: ${note}`, run.io)
  }
  const made = run.options.dryRun
    ? { infoHash: null, torrentSize: measureTorrent(plan) }
    : await make(plan, run)
  const seconds = (run.io.now() - started) / 1000
  report({ ...made, plan, seconds }, run)
}

async function make(plan: TorrentPlan, { options, hashContext, io }: Run) {
  const bar = options.quiet ? null : await openProgress(io, plan.content.size)
  try {
    const engine = { ...hashContext.engine, onProgress: bar?.update }
    const { bytes, infoHash } = await makeTorrent(plan, { ...hashContext, engine })
    if (plan.request.torrent === null) io.stdout.write(bytes)
    return { infoHash, torrentSize: bytes.length }
  } finally {
    bar?.stop()
  }
}

/** Prints the result: on standard error if the torrent itself goes to standard output. */
function report(result: MakeResult, { options, io }: Run): void {
  if (options.json) io.stdout.write(makeJson(result))
  if (options.json || options.quiet) return
  const isOutput = result.plan.request.torrent === null && !options.dryRun
  // It was not written, and that is reported already
  if (isOutput && io.stdout.errored) return
  const output = isOutput ? io.stderr : io.stdout
  for (const line of textLines(result)) output.write(`${escapeText(line)}\n`)
}
