import { editFiles, type EditOutcome } from '../../../core/edit/files.js'
import type { EditedFile } from '../../../core/edit/file.js'
import { isSameInfo } from '../../../core/edit/torrent.js'
import type { TorrentEdit } from '../../../metainfo/edit/splice-torrent.js'
import { listFiles } from './files.js'
import type { EditOptions } from './options.js'
import { editJson, textOf } from './report.js'
import { reportError, reportNote } from '../../output/messages.js'
import type { Io } from '../../io.js'
import { count } from '../../output/quantity.js'

/** One run of a command that edits torrents. */
export interface EditRun {
  /** The torrents among the arguments. */
  readonly operands: readonly string[]
  readonly edit: TorrentEdit
  readonly options: EditOptions
  /** Lines for people that come before those of the torrents. */
  readonly heading?: readonly string[]
  /** The lines that tell people of an edited torrent. */
  readonly describe: (edited: EditedFile) => string[]
  /** Whether to say in the end how many torrents changed, as BitTornado did not. */
  readonly hasSummary: boolean
}

/**
 * Edits the torrents and says what became of each. Returns the exit status.
 * @throws BtkitError `usage` before any file is touched, or `interrupted`
 */
export async function runEdits(run: EditRun, io: Io): Promise<number> {
  const { operands, edit, options } = run
  const { files, refused } = await listFiles(operands, options, io)
  const { maxTorrentSize, dryRun, force, outputDir } = options
  const request = { edit, maxTorrentSize, dryRun, force, outputDirectory: outputDir ?? null }
  const tally = { total: 0, changed: 0, failed: 0, rehashed: 0 }
  if (isTalking(options)) io.stdout.write(textOf(run.heading ?? []))
  for (const outcome of refused) report(outcome, run, io)
  try {
    for await (const outcome of editFiles(files, request, io.signal)) {
      report(outcome, run, io)
      addTo(tally, outcome)
    }
  } catch (error) {
    const done = `stopped after ${tally.total} of ${count(files.length, 'torrent')}`
    if (io.signal.aborted && !options.quiet) reportNote(done, io)
    throw error
  }
  if (!options.quiet) summarize(tally, run, io)
  return tally.failed + refused.length > 0 ? 1 : 0
}

interface Tally {
  total: number
  changed: number
  failed: number
  /** Those with a new info hash. */
  rehashed: number
}

function addTo(tally: Tally, outcome: EditOutcome): void {
  tally.total++
  if (outcome.error !== null) tally.failed++
  else {
    if (outcome.isChanged) tally.changed++
    if (!isSameInfo(outcome.before, outcome.after)) tally.rehashed++
  }
}

function report(outcome: EditOutcome, { options, describe }: EditRun, io: Io): void {
  if (outcome.error !== null) reportError(outcome.error, io)
  if (options.json) io.stdout.write(editJson(outcome))
  else if (outcome.error === null && isTalking(options)) io.stdout.write(textOf(describe(outcome)))
}

function isTalking({ json, quiet }: EditOptions): boolean {
  return !json && !quiet
}

function summarize({ total, changed, rehashed }: Tally, run: EditRun, io: Io): void {
  const { dryRun } = run.options
  if (rehashed > 0) {
    const verb = dryRun ? 'would get' : rehashed === 1 ? 'has' : 'have'
    const others = rehashed === 1 ? 'it is another' : 'they are others'
    const reason = `a new info hash: to clients and trackers ${others}`
    reportNote(`${count(rehashed, 'torrent')} ${verb} ${reason}`, io)
  }
  if (run.hasSummary || dryRun) {
    const verb = dryRun ? 'would change; nothing was written' : 'changed'
    reportNote(`${changed} of ${count(total, 'torrent')} ${verb}`, io)
  }
}
