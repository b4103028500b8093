import { isTorrentName } from '../../metainfo/name.js'
import { MAX_TORRENT } from '../../metainfo/sizes.js'
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { usageError } from '../../base/errors.js'
import { changedFacts, type TorrentFacts } from '../../metainfo/facts.js'
import { distinctTiers, formatAnnounceList, hasTracker, urlForms } from '../../metainfo/trackers.js'
import type { TrackerUrl } from '../../metainfo/values.js'
import { editFiles, type EditOutcome } from '../../core/edit/files.js'
import type { EditedFile } from '../../core/edit/file.js'
import { isSameInfo } from '../../core/edit/torrent.js'
import { unlistedAnnounce } from '../../metainfo/lint/trackers.js'
import { hideSecrets } from '../../base/text/secrets.js'
import type { TorrentEdit } from '../../metainfo/edit/splice-torrent.js'
import {
  changeTrackers,
  isReplaced,
  replaceUrl,
  substitute,
  takeTrackerSteps,
  trackerBytes,
  TRACKERS,
  type TrackerReplacement,
} from '../../metainfo/edit/trackers.js'
import { type FileList, listTorrents, readFileList } from '../open/torrent-input.js'
import { isDirectory, noTorrent } from '../line/operands.js'
import type { HowToEdit } from './options.js'
import { optional } from '../output/messages.js'
import { Report } from '../output/report.js'
import type { Io } from '../io.js'
import { count } from '../../base/text/quantity.js'
import { torrentValue } from '../output/torrent-json.js'

/** A value to remove from a list, or to replace in it. */
export interface Removal {
  /** The option as given on the command line. */
  readonly option: string
  /** Whether a torrent has the value before the edit. */
  readonly isIn: (facts: TorrentFacts) => boolean
}

/** The removals by an option. `read` returns the list that it removes from. */
export function removals(
  option: string,
  values: readonly string[],
  read: (facts: TorrentFacts) => readonly string[] | null,
): Removal[] {
  return values.map((value) => {
    const isIn = (facts: TorrentFacts) => {
      return urlForms(value).some((form) => read(facts)?.includes(form))
    }
    return { option: `${option} ${value}`, isIn }
  })
}

/** The same for replacements of values, before or after earlier ones. */
export function replacements(
  option: string,
  all: readonly TrackerReplacement[],
  read: (facts: TorrentFacts) => readonly string[] | null,
): Removal[] {
  return all.map(({ from, to }, i) => {
    const isIn = (facts: TorrentFacts) => {
      const now = (url: string) => all.slice(0, i).reduce(substitute, url)
      return (read(facts) ?? []).some((url) =>
        urlForms(from).some((form) => isReplaced(now(url), form)),
      )
    }
    return { option: `${option} ${from}=${to}`, isIn }
  })
}

/** Returns the functions that replace URLs, as torrents have them. */
export function replacers(
  all: readonly TrackerReplacement[],
  kind = TRACKERS,
): ((url: string) => string)[] {
  return all.flatMap(({ from, to }) =>
    urlForms(from).map((form) => {
      const replacement = { from: trackerBytes(form), to: trackerBytes(to) }
      return (url: string) => replaceUrl(url, replacement, kind)
    }),
  )
}

/** Changes to single trackers, by URLs as they are typed. */
interface TypedSteps {
  readonly set?: readonly (readonly TrackerUrl[])[] | undefined
  readonly remove: readonly string[]
  readonly replace: readonly TrackerReplacement[]
  readonly add: readonly TrackerUrl[]
}

/** Returns an edit that takes typed steps. */
export function stepTrackers({ set, remove, replace, add }: TypedSteps): TorrentEdit {
  const steps = {
    set: set ? distinctTiers(set).map((tier) => tier.map(trackerBytes)) : null,
    remove: remove.flatMap(urlForms).map(trackerBytes),
    replace: replacers(replace),
    add: add.map(trackerBytes),
  }
  return changeTrackers((trackers) => takeTrackerSteps(trackers, steps))
}

/** One run of a command that edits torrents. */
interface EditRun {
  /** The torrents among the arguments. */
  readonly operands: readonly string[]
  readonly edit: TorrentEdit
  readonly options: HowToEdit
  /** The option or command that is for a single torrent, if one is. */
  readonly single?: string | null
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
  if (run.single && files.length + refused.length > 1)
    throw usageError(`${run.single} works with a single torrent only`)
  const { dryRun, force = false, json, output } = options
  const request = {
    edit,
    dryRun,
    force,
    tellHashes: json,
    maxTorrentSize: MAX_TORRENT,
    claim: io.shared?.claim,
    outputOf: output === undefined ? null : (file: string) => outputFor(file, output),
  }
  const tally = { total: refused.length, changed: 0, failed: refused.length, rehashed: 0 }
  let missed = run.removals ?? []
  const out = new Report(options, io)
  out.text(legacyOf(run)?.heading ?? [])
  for (const outcome of refused) report(outcome, run, out)
  try {
    for await (const outcome of editFiles(files, request, io.signal)) {
      report(outcome, run, out)
      addTo(tally, outcome)
      if (outcome.error === null && missed.length > 0) {
        missed = missed.filter(({ isIn }) => !isIn(outcome.before))
      }
    }
  } catch (error) {
    if (io.signal.aborted)
      out.note(`stopped after ${tally.total} of ${count(refused.length + files.length, 'torrent')}`)
    throw error
  }
  if (tally.failed < tally.total) {
    for (const { option } of missed) out.warn(`${option}: no torrent has it`)
  }
  summarize(tally, run, out)
  return tally.failed > 0 ? 1 : 0
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

function report(outcome: EditOutcome, run: EditRun, out: Report): void {
  const { dryRun, output } = run.options
  if (outcome.error !== null) out.fail(outcome.error)
  else {
    tellWarnings(outcome, out)
    if (hasTracker(outcome.before) && !hasTracker(outcome.after))
      out.note(`${outcome.file}: ${dryRun ? 'would have' : 'has'} no tracker any more`)
  }
  const linesOf = (edited: EditedFile) => {
    const target = output === undefined ? null : outputFor(edited.file, output)
    return legacyOf(run)?.describe(edited) ?? changeLines(edited, dryRun, target)
  }
  out.line(editValue(outcome, dryRun), () => (outcome.error === null ? linesOf(outcome) : []))
}

function tellWarnings({ file, warnings, after, isChanged }: EditedFile, { warn }: Report): void {
  for (const message of warnings) warn(`${file}: ${message}`)
  if (isChanged && after.private && (after.nodes ?? []).length > 0)
    warn(`${file}: private with DHT nodes: clients must not use them; --unset nodes`)
  if (isChanged && unlistedAnnounce(after) !== null)
    warn(`${file}: its tracker is not in the announce list, so clients will not use it`)
}

/** The legacy output says that the work is done, so it is not used for a dry run. */
function legacyOf({ legacy, options }: EditRun): LegacyWords | null {
  return options.dryRun ? null : legacy
}

function summarize(tally: Tally, run: EditRun, { note }: Report): void {
  const { total, changed, failed, rehashed } = tally
  const { dryRun, output } = run.options
  if (rehashed > 0) {
    const verb = dryRun ? 'would get' : rehashed === 1 ? 'has' : 'have'
    const meaning = 'clients and trackers treat it as a new torrent'
    note(`${count(rehashed, 'torrent')} ${verb} a new info hash: ${meaning}`)
  }
  // If all failed, the errors are enough; a list without torrents has none
  if (legacyOf(run) === null && (failed < total || total === 0)) {
    const all = count(total, 'torrent')
    const same = total - failed - changed
    const rest = same > 0 ? `; ${same} already ${same === 1 ? 'is' : 'are'} as wanted` : ''
    if (dryRun) note(`${changed} of ${all} would change${rest}; nothing was written`)
    else if (output === undefined) note(`${changed} of ${all} changed${rest}`)
    else note(`${total - failed} of ${all} written to ${output}`)
  }
}

/**
 * Lists the torrents to edit: the arguments, then those of `--files-from`.
 * @throws BtkitError `usage` if there are none, or if two results would have the same name
 */
async function listFiles(
  operands: readonly string[],
  { filesFrom, output }: HowToEdit,
  io: Io,
): Promise<FileList> {
  if (operands.length === 0 && filesFrom === undefined) throw noTorrent()
  const [named, list] = [await listTorrents(operands, io), await readFileList(filesFrom, io)]
  const files = [...named.files, ...list.files]
  if (output !== undefined) checkOutput(output, files)
  return { files, refused: [...named.refused, ...list.refused] }
}

/** The path of the result for a torrent: in `output` if that is a directory, else `output`. */
function outputFor(file: string, output: string): string {
  return isDirectory(output) ? join(output, basename(file)) : output
}

function checkOutput(output: string, files: readonly string[]): void {
  if (!isDirectory(output)) {
    // An existing file was not mistyped; it is replaced if it is a torrent, or with --force
    if (files.length === 1 && (isTorrentName(output) || existsSync(output))) return
    const need =
      files.length === 1
        ? "not a directory; a file's name ends with .torrent"
        : 'not a directory, and several torrents need one'
    throw usageError(`--output ${output}: ${need}`)
  }
  const others = new Map<string, string>()
  for (const file of files) {
    const other = others.get(basename(file))
    if (other !== undefined && other !== file) {
      throw usageError(`${other} and ${file} would both be written to ${output}`)
    }
    others.set(basename(file), file)
  }
}

/** An outcome for programs. */
function editValue(outcome: EditOutcome, dryRun: boolean) {
  const { isChanged, before, after } = outcome.error === null ? outcome : NOTHING
  return torrentValue(outcome.file, after, {
    file: outcome.file,
    changed: isChanged,
    dryRun,
    oldInfoHash: before?.infoHash ?? null,
    oldInfoHashV2: before?.infoHashV2 ?? null,
    failure: outcome.error,
  })
}

const NOTHING = { isChanged: false, before: null, after: null }

/**
 * Lines with all changed values, old and new. Empty if nothing changed. `target` is the file of the
 * result; null if it replaces the torrent.
 */
function changeLines(edited: EditedFile, dryRun: boolean, target: string | null): string[] {
  const { isChanged, before, after } = edited
  if (!isChanged && target === null) return []
  const file = target ?? edited.file
  const details = changedFacts(before, after).flatMap(({ label, old, now }) => {
    // The output ends up in logs of builds and in mail of cron
    return [
      ...optional(`old ${label} for ${edited.file}`, old && hideSecrets(old)),
      ...optional(`new ${label} for ${file}`, now && hideSecrets(now)),
    ]
  })
  if (target !== null)
    return [`${dryRun ? 'would write' : 'wrote'} ${file} (from ${edited.file})`, ...details]
  return [`${dryRun ? 'would change' : 'changed'} ${file}`, ...details]
}

/** The output of a command under its BitTornado name. Scripts read it. */
interface LegacyWords {
  /** Lines before those of the torrents. */
  readonly heading?: readonly string[]
  readonly describe: (edited: EditedFile) => string[]
}

/** Lines with the old trackers of a torrent. */
export function oldTrackerLines({ file, before }: EditedFile): string[] {
  return trackerLines(before, 'old', ` for ${file}`)
}

/** One line for each tracker key in a torrent. */
export function trackerLines(facts: TorrentFacts, age: 'old' | 'new', whose: string): string[] {
  const { announce, announceList } = facts
  const list = announceList && formatAnnounceList(announceList)
  return [
    ...optional(`${age} announce${whose}`, announce),
    ...optional(`${age} announce-list${whose}`, list),
  ]
}
