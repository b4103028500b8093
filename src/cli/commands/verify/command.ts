import { dirname } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import type { HashContext } from '../../../core/digests/hash-content.js'
import type { VerifyReport } from '../../../core/verify/report.js'
import {
  bytesToRead,
  planVerify,
  verifyTorrent,
  type VerifyRequest,
} from '../../../core/verify/verify-torrent.js'
import { cacheDirOption, cacheTrustOption, openMemory } from '../../arguments/cache-options.js'
import type { CommandContext } from '../../context.js'
import { engineFor, threadsOption } from '../../arguments/engine-options.js'
import { reportError, reportWarning } from '../../output/messages.js'
import type { Io } from '../../io.js'
import { maxTorrentSize } from '../../arguments/max-torrent-size.js'
import { byteRate, wholeNumber } from '../../arguments/values.js'
import { openProgress } from '../../output/progress.js'
import { readTorrentInput } from '../../arguments/torrent-input.js'
import { verifyJson, verifyLines } from './report.js'

interface VerifyOptions {
  readonly checkHashes: number
  readonly extra?: true | undefined
  readonly threads: number
  readonly maxRate?: number | undefined
  readonly json?: true | undefined
  readonly quiet?: true | undefined
  readonly maxTorrentSize: number
}

/** One run of the command. */
interface Run {
  readonly options: VerifyOptions
  readonly hashContext: HashContext
  readonly io: Io
}

export function defineVerify({ io, finish }: CommandContext) {
  return new Command('verify')
    .description('Check files against their torrent.')
    .argument('<torrent>', 'the torrent; - reads standard input')
    .argument('[path]', 'its file or directory, or where that lies (default: beside the torrent)')
    .option('--check-hashes <n>', '0: look at sizes alone; 1: read the files', wholeNumber(0, 1), 1)
    .option('--extra', 'name files that are no part of the torrent as well')
    .addOption(threadsOption())
    .option('--max-rate <size>', 'read no more bytes a second than that', byteRate)
    .option('--trust-cache', 'believe the piece cache of files that did not change', false)
    .addOption(cacheDirOption())
    .addOption(cacheTrustOption())
    .option('--json', 'print a JSON object')
    .option('--quiet', 'print nothing unless something is wrong')
    .addOption(maxTorrentSize())
    .action(async (torrent, path, options) => {
      const engine = engineFor(options, io)
      const cacheAccess = await openMemory({ ...options, cache: options.trustCache }, io)
      try {
        const run = { options, hashContext: { engine, cacheAccess }, io }
        finish(await verify(torrent, path ?? dirname(torrent), run))
      } finally {
        await cacheAccess.cache.close()
      }
    })
}

/** Returns the exit status. */
async function verify(torrent: string, path: string, run: Run): Promise<number> {
  const { options, io } = run
  const started = io.now()
  const metainfo = await readTorrentInput(torrent, options.maxTorrentSize, io)
  for (const { message } of options.quiet ? [] : metainfo.warnings) {
    reportWarning(`${torrent}: ${message}`, io)
  }
  const checkHashes = options.checkHashes === 1
  const request = { metainfo, torrent, path, checkHashes, extra: options.extra ?? false }
  const report = await check(request, run)
  const seconds = (io.now() - started) / 1000
  if (options.json) io.stdout.write(verifyJson(report, { torrent, seconds }))
  else if (!options.quiet || !report.ok) io.stdout.write(verifyLines(report, torrent).join(''))
  if (report.extraError !== null) reportError(report.extraError, io)
  return report.ok && report.extraError === null ? 0 : 1
}

async function check(request: VerifyRequest, run: Run): Promise<VerifyReport> {
  const plan = await planVerify(request)
  const bar = run.options.quiet ? null : await openProgress(run.io, bytesToRead(plan))
  try {
    const engine = { ...run.hashContext.engine, onProgress: bar?.update }
    return await verifyTorrent(plan, { ...run.hashContext, engine })
  } finally {
    bar?.stop()
  }
}
