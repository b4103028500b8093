import { lockDirectory, type DirectoryLock } from '../files/lock-directory.js'
import { removeDeadFiles } from '../files/remove-dead-files.js'
import { createWriter } from '../files/write-many.js'
import { completeAll } from './complete-all.js'
import { digestOptions } from './complete-input.js'
import { checkPlaces, openPlace, type Place } from './complete-place.js'
import { pruneAll } from './complete-prune.js'
import { createReport, noteFailure, sortReport, type CompleteReport } from './complete-report.js'
import type { CompleteRequest } from './complete-request.js'
import type { CompleteRun, CompleteWatch } from './complete-run.js'
import type { Means } from './hash-content.js'

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
  means: Means,
  watch: CompleteWatch,
): Promise<CompleteReport> {
  const seen = openPlaces(request, createReport())
  checkPlaces(seen)
  const locks: DirectoryLock[] = []
  try {
    await lockTargets(seen, { request, signal: means.engine.signal, locks })
    // What there is may have changed while another run held a lock
    const report = createReport()
    const places = openPlaces(request, report)
    const options = digestOptions(request.common)
    const { trust } = means.memory
    const writer = createWriter({ inFlight: WRITES })
    const run: CompleteRun = { request, means, options, trust, writer, report, watch }
    await completePlaces(places, run)
    sortReport(report)
    return report
  } finally {
    for (const lock of locks) lock.release()
  }
}

async function completePlaces(places: readonly Place[], run: CompleteRun): Promise<void> {
  const { request } = run
  const emptied = await completeAll(places, run)
  const isComplete = places.length === request.directories.length
  if (request.prune !== 'never') pruneAll({ places, emptied, isComplete }, run)
}

function openPlaces(request: CompleteRequest, report: CompleteReport): Place[] {
  return request.directories.flatMap((directory) => {
    try {
      return [openPlace(directory, request)]
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
  places: readonly Place[],
  { request: { waitSeconds, dryRun }, signal, locks }: Locking,
): Promise<void> {
  if (dryRun) return
  const targets = new Set(places.map(({ realTarget }) => realTarget))
  for (const target of [...targets].sort()) {
    locks.push(await lockDirectory(target, waitSeconds, signal))
    removeDeadFiles(target)
  }
}
