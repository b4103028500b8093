import { join } from 'node:path'
import { createSyncReport, type SyncReport } from '../publish/client.js'
import { syncTarget, type OwnTorrent } from '../publish/sync.js'
import { torrentName, type SourceDirectory } from './directories.js'
import type { CompleteRun, StateAccess } from './request.js'

/**
 * Publishes the current torrents of the directories to the clients of a request, and withdraws
 * those that were removed.
 * @throws BtkitError `interrupted`
 */
export async function publishAll(
  directories: readonly SourceDirectory[],
  run: CompleteRun,
  { directory, warn }: StateAccess,
): Promise<SyncReport> {
  const report = createSyncReport()
  const state = { directory, warn, now: run.hashContext.cacheAccess.now }
  const targets = new Set(directories.map(({ targetDirectory }) => targetDirectory))
  for (const sync of run.request.publish) {
    for (const { realPath: target, log } of targets) {
      const here = directories.filter(({ targetDirectory }) => targetDirectory.log === log)
      const torrents = here.flatMap((directory) => ownTorrents(directory, run))
      const isGone = (name: string) => !log.has(name)
      const isReached = await syncTarget({ target, torrents, isGone }, sync, { state, report })
      // All further targets would wait as long, and also fail
      if (!isReached) break
    }
  }
  return report
}

/** Returns the torrents that this run found or made current. */
function ownTorrents(directory: SourceDirectory, { report }: CompleteRun): OwnTorrent[] {
  const { realDirectory, targetDirectory, names } = directory
  const left = new Set([...report.failed, ...report.skipped].map(({ sourcePath }) => sourcePath))
  return names.flatMap((entry) => {
    const name = torrentName(entry)
    const record = targetDirectory.log.get(name)
    const source = join(realDirectory, entry)
    if (record?.source !== source || record.fingerprint.length === 0 || left.has(source)) return []
    const stamp = Buffer.from(record.fingerprint).toString('base64')
    return [{ name, dataDirectory: realDirectory, stamp }]
  })
}
