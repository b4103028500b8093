import { lockDirectory, type DirectoryLock } from '../../files/lock-directory.js'
import { removeDeadFiles } from '../../files/write/remove-dead-files.js'
import { createWriter } from '../../files/write/many.js'
import { completeAll } from './entries.js'
import { digestOptions } from './input.js'
import { checkDistinctTorrents, openSourceDirectory, type SourceDirectory } from './directories.js'
import { pruneAll } from './prune.js'
import { createReport, noteFailure, sortReport, type CompleteReport } from './report.js'
import type { CompleteRequest } from './request.js'
import type { CompleteRun, CompleteWatch } from './run.js'
import type { HashContext } from '../digests/hash-content.js'

/** Torrents written at once: each waits for the disk, and disks serve many as fast as one. */
const WRITES = 64

/**
 * Brings the torrents of directories' entries up to date: each is created, updated, left as it is
 * or, when it is to be pruned and its source is gone, removed. What fails is reported and does not
 * stop the rest.
 * @throws BtkitError `usage` when two entries would write the same torrent, `locked` when another
 * run is at work on a target, `interrupted`
 */
export async function completeDirectories(
  request: CompleteRequest,
  hashContext: HashContext,
  watch: CompleteWatch,
): Promise<CompleteReport> {
  const seen = openPlaces(request, createReport())
  checkDistinctTorrents(seen)
  const locks: DirectoryLock[] = []
  try {
    await lockTargets(seen, { request, signal: hashContext.engine.signal, locks })
    // What there is may have changed while another run held a lock
    const report = createReport()
    const places = openPlaces(request, report)
    const options = digestOptions(request.common)
    const { trust } = hashContext.cacheAccess
    const writer = createWriter({ inFlight: WRITES })
    const run: CompleteRun = { request, hashContext, options, trust, writer, report, watch }
    await completePlaces(places, run)
    sortReport(report)
    return report
  } finally {
    for (const lock of locks) lock.release()
  }
}

async function completePlaces(places: readonly SourceDirectory[], run: CompleteRun): Promise<void> {
  const { request } = run
  const emptied = await completeAll(places, run)
  const isComplete = places.length === request.directories.length
  if (request.prune !== 'never') pruneAll({ places, emptied, isComplete }, run)
}

function openPlaces(request: CompleteRequest, report: CompleteReport): SourceDirectory[] {
  return request.directories.flatMap((directory) => {
    try {
      return [openSourceDirectory(directory, request)]
    } catch (error) {
      noteFailure(report, directory, error)
      return []
    }
  })
}

interface Locking {
  readonly request: CompleteRequest
  readonly signal: AbortSignal
  /** Where to put the locks, as soon as each is had. */
  readonly locks: DirectoryLock[]
}

/** Locks each target once, in an order that can't make two runs wait for each other. */
async function lockTargets(
  places: readonly SourceDirectory[],
  { request: { waitSeconds, dryRun }, signal, locks }: Locking,
): Promise<void> {
  if (dryRun) return
  const targets = new Set(places.map(({ realTarget }) => realTarget))
  for (const target of [...targets].sort()) {
    locks.push(await lockDirectory(target, waitSeconds, signal))
    removeDeadFiles(target)
  }
}
