import { isTorrentName } from '../../../metainfo/name.js'
import { Command } from '../../acting-command.js'
import { openCacheOf } from '../../open/cache.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { declareReadingOptions, FOLLOW_SYMLINKS } from '../../options/reading.js'
import { withHashContext } from '../../open/engine.js'
import {
  listTorrents,
  readFileList,
  type FileList,
  readTorrentInput,
} from '../../open/torrent-input.js'
import type { Engine } from '../../../core/digests/hash-content.js'
import type { Io } from '../../io.js'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import {
  verifyTorrents,
  type VerifiedTorrent,
  type VerifyOutcome,
  type VerifyRun,
} from '../../../core/verify/verify-torrents.js'
import { warnOnce } from '../../../base/warn-once.js'
import { BtkitError, usageError, valueOr } from '../../../base/errors.js'
import { contentUrl, looksLikeUrl } from '../../../metainfo/trackers.js'
import { readStart } from '../../../disk/look/read-bounded.js'
import { isDirectory, noTorrent } from '../../line/operands.js'
import type { VerifyContext } from '../../../core/verify/judge.js'
import type { VerifyReport } from '../../../core/verify/verify-report.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { Report } from '../../output/report.js'
import { inShell } from '../../../base/text/escape.js'
import { count } from '../../../base/text/quantity.js'
import {
  uncheckedValue,
  linesOfOne,
  linesOfSeveral,
  sumLine,
  verifyValue,
  type Tally,
} from '../../output/verify-output.js'
import { DIRECTORY, FILE, OFF } from '../../options/option.js'

const EXAMPLES = `
Examples:
  btkit verify image.iso.torrent
  btkit verify --data /srv/files --quiet /srv/torrents/*.torrent`

function declareVerify() {
  const command = new Command('verify', { takes: 'torrent' })
    .description('Check files against their torrents.')
    .usage('[options] <torrent> [path]\n       btkit verify [options] <torrent...>')
    .argument(
      '[torrent...]',
      'torrents, directories of them, or - for standard input; after a single one, the path of its content',
    )
    .optionsGroup('Content:')
    .opt(
      '--data <directory|url>',
      `find the content in this directory or web seed (default: beside each torrent). The directory
        has it under the torrent's name. A URL over http or https is a web seed (BEP 19): the
        server's files are downloaded and checked as files on a disk are, and nothing is stored. The
        URL of a single file may be that of the file, or end with '/'. The server is asked for the
        length of each file first. A file that it does not send is reported as 'unreadable', with
        the reason. A file whose length the server does not tell is read to its end. With
        --no-check-hashes, such a file is 'unreadable'.`,
      DIRECTORY,
    )
    .opt(
      '--files-from <list>',
      `check also the torrents named in this file; - means standard input. Names end with a newline,
        or with NUL if the file contains one. A file that leaves nothing to check is an error.`,
      FILE,
    )
    .opt('--no-check-hashes', 'check only the sizes of files (default: read them)')
    .opt(...FOLLOW_SYMLINKS)
    .opt(
      '--extra',
      `report regular files that are not part of the torrent. A missing file under another name is
        recognized. Entries that cannot be looked at are reported. The exit status does not change.`,
      OFF,
    )
  return declareReadingOptions(command)
    .opt(
      '--cached',
      `use digests in the piece cache for unchanged files (default: read every byte). Digests of
        files that are read are remembered.`,
      {
        excludes: [{ option: 'cache' }],
        default: false,
      },
    )
    .optionsGroup('Output:')
    .opt('--json', 'print one JSON object a line for each torrent; see JSON')
    .opt('-q, --quiet', 'print nothing, and show no progress, unless something is wrong')
    .addHelpText('after', EXAMPLES)
}

type VerifyOptions = ReturnType<ReturnType<typeof declareVerify>['opts']>

export const command: CommandRecord = {
  group: 'Show and check',
  order: 20,
  spellings: ['check'],
  summary: 'Check files against their torrent',
  example: 'image.iso.torrent /srv/mirror',
  basics: 'data files-from no-check-hashes cached extra max-rate json quiet',
  define: defineVerify,
}

function defineVerify({ io, finish }: CommandContext) {
  return declareVerify().action(async (operands, options) => {
    const targets = await findTargets(operands, options, io)
    const used = { ...options, cache: options.cached }
    // Merkle trees need not be trusted: all digests of one that leads to the torrent's root are
    // right
    let trees: ReturnType<typeof openCacheOf> | undefined
    const openTrees = () => (trees ??= openCacheOf(options.cacheDir, io))
    const status = await withHashContext(used, io, async (hashContext) => {
      const context = { ...hashContext, openTrees: options.cache ? openTrees : undefined }
      try {
        const tally = { whole: 0, notWhole: 0, failed: 0 }
        const out = new Report(options, io)
        const noteSought = warnOnce((note) => {
          out.note(note, 'always')
        }, 2)
        const run = { targets, options, hashContext: context, tally, out, io, noteSought }
        return await runVerify(run)
      } finally {
        await (await trees)?.close()
      }
    })
    finish(status)
  })
}

/** The torrents that the command line asks to check. */
interface VerifyTargets {
  readonly places: VerifyRun['places']
  /** Names in a list that cannot be file names. */
  readonly refused: FileList['refused']
  /**
   * Whether there is a single torrent. Then its content may have any name, and no sum is printed.
   */
  readonly isSingle: boolean
}

/**
 * Finds the torrents to check: all operands and those of a list, or `TORRENT PATH`.
 * @throws BtkitError `usage`, `empty` for a list without torrents, because the program that made it
 * may have failed, and the errors of readFileList
 */
async function findTargets(
  operands: readonly string[],
  options: VerifyOptions,
  io: Io,
): Promise<VerifyTargets> {
  const { filesFrom } = options
  if (options.extra && looksLikeUrl(options.data ?? operands[1] ?? ''))
    throw usageError('--extra: no server lists its files')
  if (operands.length === 0 && filesFrom === undefined) {
    throw noTorrent()
  }
  const [torrent = '', path] = operands
  const isAlone = filesFrom === undefined && options.data === undefined && operands.length <= 2
  const content = isAlone && path !== undefined && isPath(path) ? path : undefined
  const named = content === undefined ? operands : [torrent]
  const typed = content ?? options.data
  const data = typed !== undefined && looksLikeUrl(typed) ? contentUrl(typed) : typed
  if (isAlone && named.length === 1 && !isDirectory(torrent)) {
    const place = { torrent, path: data ?? dirname(torrent) }
    return { places: [place], refused: [], isSingle: true }
  }
  await checkSeveral(named, data, filesFrom, io)
  const [found, list] = [await listTorrents(named, io), await readFileList(filesFrom, io)]
  const torrents = [...found.files, ...list.files]
  const refused = [...found.refused, ...list.refused]
  if (torrents.length + refused.length === 0) {
    const what = filesFrom === '-' ? 'standard input' : filesFrom
    throw new BtkitError('empty', `${what}: names no torrent; nothing was checked`)
  }
  const byName = data !== undefined || undefined
  // A URL may be that of a single file
  const isBase = data !== undefined && looksLikeUrl(data) && torrents.length > 1
  const where = isBase ? data.replace(/\/*$/, '/') : data
  return {
    places: torrents.map((torrent) => ({ torrent, path: where ?? dirname(torrent), byName })),
    refused,
    isSingle: filesFrom === undefined && torrents.length + refused.length === 1,
  }
}

/** Whether the second of two arguments names the data: a directory, or no .torrent file. */
function isPath(name: string): boolean {
  return !isTorrentName(name) || isDirectory(name)
}

async function checkSeveral(
  operands: readonly string[],
  data: string | undefined,
  filesFrom: string | undefined,
  io: Io,
): Promise<void> {
  if (data !== undefined && !looksLikeUrl(data) && !isDirectory(data)) {
    throw usageError(`--data ${data}: not a directory`)
  }
  if (operands.length + (filesFrom === undefined ? 0 : 1) > 1 && operands.includes('-')) {
    throw usageError('-: only a single torrent can come from standard input')
  }
  const last = operands.at(-1) ?? ''
  if (data === undefined && operands.length > 2 && operands.find(isDirectory) === last)
    throw usageError(`${last}: a directory; use --data for the data of several torrents`)
  const [first = '', torrent = ''] = operands
  if (operands.length !== 2 || isPath(torrent)) return
  const isEmpty = isDirectory(first) && (await listTorrents([first], io)).files.length === 0
  if (!isEmpty && !isOtherFile(first)) return
  const what = isEmpty ? 'a directory without torrents' : 'not a torrent'
  const typed = `btkit verify ${inShell(torrent)} ${inShell(first)}`
  throw usageError(`${first}: ${what}; the torrent comes first: ${typed}`)
}

/** Whether a path leads to a file that is certainly not a torrent. */
function isOtherFile(path: string): boolean {
  const start = isPath(path) ? valueOr(null, () => readStart(path, 1)) : null
  return start !== null && start[0] !== 'd'.charCodeAt(0)
}

/** One run of the command. */
interface Run {
  readonly targets: VerifyTargets
  readonly options: VerifyOptions
  readonly hashContext: VerifyContext
  readonly tally: Tally
  readonly out: Report
  readonly io: Io
  /** Says once where the data was looked for. */
  readonly noteSought: (key: string, note: string) => void
}

/**
 * Checks torrents and reports each result. Returns the exit status.
 * @throws BtkitError `interrupted`
 */
async function runVerify(run: Run): Promise<number> {
  const { targets, tally, out, io } = run
  for (const { file, error } of targets.refused) {
    report({ torrent: file, report: null, error }, 0, run)
  }
  try {
    let started = io.monotonic()
    for await (const outcome of outcomesOf(run)) {
      report(outcome, (io.monotonic() - started) / 1000, run)
      for (const { message } of outcome.report?.extraProblems ?? []) out.alert(message)
      started = io.monotonic()
    }
  } catch (error) {
    if (io.signal.aborted) tellProgress(run)
    throw error
  }
  const isWhole = tally.notWhole + tally.failed === 0
  if (!targets.isSingle) out.text([sumLine(tally)], isWhole ? 'unless quiet' : 'always')
  return isWhole ? 0 : 1
}

/** Yields the results, with a progress bar for all torrents. */
async function* outcomesOf(run: Run): AsyncGenerator<VerifyOutcome> {
  const { targets, options, hashContext, out, io } = run
  const shown: { bar: Awaited<ReturnType<Report['progress']>> } = { bar: null }
  const begin = async (total: number) => {
    shown.bar = await out.progress(total)
  }
  const access = { signal: io.signal, onRetry: warnOnce(out.note, 99) }
  const work: VerifyRun = {
    ...options,
    places: targets.places.map((place) => {
      return looksLikeUrl(place.path) ? { ...place, access } : place
    }),
    rawNames: true,
    read: (torrent) => readTorrentInput(torrent, io),
    begin: out.hasScreen ? begin : undefined,
  }
  const engine: Engine = {
    ...hashContext.engine,
    onProgress: (progress) => shown.bar?.update(progress),
  }
  try {
    yield* verifyTorrents(work, { ...hashContext, engine })
  } finally {
    shown.bar?.stop()
  }
}

function report(outcome: VerifyOutcome, seconds: number, run: Run): void {
  const { targets, tally, out, io, noteSought } = run
  if (outcome.error !== null) {
    tally.failed++
    out.fail(outcome.error)
    out.line(() => uncheckedValue(outcome.torrent, outcome.error, seconds))
    return
  }
  const { torrent, metainfo, report } = outcome
  for (const { message } of metainfo.warnings) out.warn(`${torrent}: ${message}`)
  if (report.ok) tally.whole++
  else tally.notWhole++
  const lost = whereSought(outcome, run)
  const linesOf = () => {
    if (!targets.isSingle) return linesOfSeveral(outcome, io.cwd)
    if (lost === null) return linesOfOne(outcome, io.cwd)
    const how = `give its path: btkit verify ${inShell(torrent)} PATH`
    return [`${torrent}: not whole: ${lost}; ${how}`]
  }
  out.line(() => verifyValue(outcome, seconds), linesOf, report.ok ? 'unless quiet' : 'always')
  if (out.isJson) return
  if (lost !== null && !targets.isSingle) noteSought('', `${lost}; give its path: --data DIRECTORY`)
  hintAtData(outcome, run)
}

/** The most files of a torrent to look for in the directory of --data itself. */
const MOST_LOOKED_FOR = 100

/**
 * Where the data of a torrent is not, if none is there under its name: `no NAME in DIRECTORY`. Null
 * if some is there, or for another reason.
 */
function whereSought({ metainfo, report }: VerifiedTorrent, { options, io }: Run): string | null {
  const { path } = report.place
  if (options.data !== undefined || looksLikeUrl(path)) return null
  if (!isAllMissing(metainfo, report) || report.problems.some(({ reason }) => reason !== null))
    return null
  const above = resolve(io.cwd, metainfo.isDirectory ? dirname(path) : path)
  const isThere = !isDirectory(above) || existsSync(join(above, metainfo.name))
  return isThere ? null : `no ${metainfo.name} in ${above}`
}

function isAllMissing({ fileList }: Metainfo, { problems }: VerifyReport): boolean {
  if (problems.length !== fileList.count - fileList.padCount) return false
  return problems.every(({ status }) => status === 'missing')
}

/** If no file of a torrent is below its name in --data, but some are in --data itself, says so. */
function hintAtData({ torrent, metainfo, report }: VerifiedTorrent, { options, out, io }: Run) {
  const { data } = options
  if (data === undefined || !metainfo.isDirectory || !isAllMissing(metainfo, report)) return
  const some = metainfo.files.filter(({ padding }) => !padding).slice(0, MOST_LOOKED_FOR)
  if (!some.some(({ path }) => existsSync(resolve(io.cwd, data, ...path)))) return
  const typed = `btkit verify ${inShell(torrent)} ${inShell(data)}`
  out.note(`${data}: has files of the torrent itself; to check these: ${typed}`, 'always')
}

function tellProgress({ targets, tally, out }: Run): void {
  if (targets.isSingle) return
  const { places, refused } = targets
  const all = count(places.length + refused.length, 'torrent')
  out.note(`stopped after ${tally.whole + tally.notWhole + tally.failed} of ${all}`)
}
