import { statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { BtkitError } from '../../../errors.js'
import { hasTracker } from '../../../metainfo/trackers.js'
import { editFiles, type EditOutcome } from '../../../core/edit/files.js'
import type { EditedFile, TorrentFacts } from '../../../core/edit/file.js'
import { isSameInfo } from '../../../core/edit/torrent.js'
import { escapeText } from '../../../text/escape.js'
import type { TorrentEdit } from '../../../metainfo/edit/splice-torrent.js'
import {
  readFileList,
  type FileList,
  hintAtDirectory,
  hintAtMaxSize,
} from '../../arguments/torrent-input.js'
import { requireNames } from '../../arguments/operands.js'
import type { EditOptions } from './options.js'
import { changeLines, editJson, type LegacyWords } from './edit-output.js'
import { reportError, reportNote, reportWarning } from '../../output/messages.js'
import type { Io } from '../../io.js'
import { count } from '../../../text/quantity.js'

/** A value to remove from a list, or to replace in it. */
export interface Removal {
  /** The option as given on the command line. */
  readonly option: string
  /** Whether a torrent has the value before the edit. */
  readonly isIn: (facts: TorrentFacts) => boolean
}

/** One run of a command that edits torrents. */
export interface EditRun {
  /** The torrents among the arguments. */
  readonly operands: readonly string[]
  readonly edit: TorrentEdit
  readonly options: EditOptions
  /** The removed values. A value that no torrent has causes a warning. */
  readonly removals?: readonly Removal[]
  /** The output format of a BitTornado name; null for btkit's own. */
  readonly legacy: LegacyWords | null
}

/**
 * Edits torrents and reports each result. Returns the exit status.
 * @throws BtkitError `usage` before any file is changed, or `interrupted`
 */
export async function runEdits(run: EditRun, io: Io): Promise<number> {
  const { operands, edit, options } = run
  const { files, refused } = await listFiles(operands, options, io)
  const { maxTorrentSize, dryRun, force, json, output } = options
  const request = {
    ...{ edit, maxTorrentSize, dryRun, force, tellHashes: json },
    outputOf: output === undefined ? null : (file: string) => outputFor(file, output),
  }
  const tally = { total: 0, changed: 0, failed: 0, rehashed: 0 }
  let missed = run.removals ?? []
  print(legacyOf(run)?.heading ?? [], run, io)
  for (const outcome of refused) report(outcome, run, io)
  try {
    for await (const outcome of editFiles(files, request, io.signal)) {
      report(outcome, run, io)
      addTo(tally, outcome)
      if (outcome.error === null && missed.length > 0) {
        missed = missed.filter(({ isIn }) => !isIn(outcome.before))
      }
    }
  } catch (error) {
    const done = `stopped after ${tally.total} of ${count(files.length, 'torrent')}`
    if (io.signal.aborted && !options.quiet) reportNote(done, io)
    throw error
  }
  if (!options.quiet && tally.failed < tally.total) {
    for (const { option } of missed) reportWarning(`${option}: no torrent has it`, io)
  }
  if (!options.quiet) summarize(tally, run, io)
  return tally.failed + refused.length > 0 ? 1 : 0
}

interface Tally {
  total: number
  changed: number
  failed: number
  /** Number of torrents with a new info hash. */
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

function report(found: EditOutcome, run: EditRun, io: Io): void {
  const outcome = withHints(found)
  const { json, dryRun, quiet } = run.options
  if (outcome.error !== null) reportError(outcome.error, io)
  else if (!quiet) {
    tellWarnings(outcome, io)
    if (lostTrackers(outcome))
      reportNote(`${outcome.file}: ${dryRun ? 'would have' : 'has'} no tracker any more`, io)
  }
  if (json) io.stdout.write(editJson(outcome, dryRun))
  else if (outcome.error === null && !quiet) {
    print(legacyOf(run)?.describe(outcome) ?? changeLines(outcome, dryRun), run, io)
  }
}

function withHints(outcome: EditOutcome): EditOutcome {
  if (outcome.error === null) return outcome
  const error = hintAtDirectory(hintAtMaxSize(outcome.error))
  return error instanceof Error ? { file: outcome.file, error } : outcome
}

function tellWarnings({ file, warnings }: EditedFile, io: Io): void {
  for (const { message } of warnings) reportWarning(`${file}: ${message}`, io)
}

function lostTrackers({ before, after }: EditedFile): boolean {
  return hasTracker(before) && !hasTracker(after)
}

/** The legacy output says that the work is done, so it is not used for a dry run. */
function legacyOf({ legacy, options }: EditRun): LegacyWords | null {
  return options.dryRun ? null : legacy
}

function print(lines: readonly string[], { options }: EditRun, io: Io): void {
  if (options.json || options.quiet) return
  io.stdout.write(lines.map((line) => `${escapeText(line)}\n`).join(''))
}

function summarize({ total, changed, failed, rehashed }: Tally, run: EditRun, io: Io): void {
  const { dryRun } = run.options
  if (rehashed > 0) {
    const verb = dryRun ? 'would get' : rehashed === 1 ? 'has' : 'have'
    const meaning = 'clients and trackers treat it as a new torrent'
    reportNote(`${count(rehashed, 'torrent')} ${verb} a new info hash: ${meaning}`, io)
  }
  // If all failed, the errors are enough
  if (legacyOf(run) === null && failed < total) {
    const verb = dryRun ? 'would change; nothing was written' : 'changed'
    reportNote(`${changed} of ${count(total, 'torrent')} ${verb}`, io)
  }
}

/**
 * Lists the torrents to edit: the arguments, then those of `--files-from`.
 * @throws BtkitError `usage` if there are none, or if two results would have the same name
 */
async function listFiles(
  operands: readonly string[],
  { filesFrom, output }: EditOptions,
  io: Io,
): Promise<FileList> {
  requireNames(operands, 'torrent')
  if (operands.length === 0 && filesFrom === undefined) {
    throw new BtkitError('usage', 'no torrent given; name at least one')
  }
  const list = filesFrom === undefined ? NONE : await readFileList(filesFrom, io)
  const files = [...operands, ...list.files]
  if (output !== undefined) checkOutput(output, files)
  return { files, refused: list.refused }
}

const NONE: FileList = { files: [], refused: [] }

/** The path of the result for a torrent: in `output` if that is a directory, else `output`. */
function outputFor(file: string, output: string): string {
  return isDirectory(output) ? join(output, basename(file)) : output
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function checkOutput(output: string, files: readonly string[]): void {
  if (!isDirectory(output)) {
    if (files.length === 1 && output.endsWith('.torrent')) return
    throw new BtkitError('usage', `--output ${output}: not a directory`)
  }
  const others = new Map<string, string>()
  for (const file of files) {
    const other = others.get(basename(file))
    if (other !== undefined && other !== file) {
      throw new BtkitError('usage', `${other} and ${file} would both be written to ${output}`)
    }
    others.set(basename(file), file)
  }
}
