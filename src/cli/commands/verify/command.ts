import { Command } from '@commander-js/extra-typings'
import { declareShareOptions, shareRequest } from '../../arguments/share-options.js'
import {
  cacheDirOption,
  cacheTrustOption,
  noCacheOption,
  openCacheAccess,
  openCacheOf,
} from '../../arguments/cache-options.js'
import type { CommandContext } from '../../context.js'
import { engineFor, threadsOption, maxRateOption } from '../../arguments/reading-options.js'
import {
  maxTorrentSize,
  readFileList,
  type FileList,
  readTorrentInput,
} from '../../arguments/torrent-input.js'
import type { TreeSource } from '../../../core/verify/bad-blocks.js'
import type { Io } from '../../io.js'
import { dirname } from 'node:path'
import {
  type TorrentPlace,
  measureTorrents,
  verifyTorrents,
  type VerifiedTorrent,
  type VerifyOutcome,
  type VerifyRun,
} from '../../../core/verify/verify-torrents.js'
import { BtkitError } from '../../../errors.js'
import { statIfThere } from '../../../files/stat-files.js'
import type { VerifyContext } from '../../../core/verify/check-pieces.js'
import { reportError, reportNote, reportWarning } from '../../output/messages.js'
import { openProgress } from '../../output/bar.js'
import { count } from '../../../text/quantity.js'
import {
  uncheckedJson,
  linesOfOne,
  linesOfSeveral,
  sumLine,
  verifyJson,
  type Tally,
} from './verify-output.js'

const EXAMPLES = `
Examples:
  btkit verify image.iso.torrent
  btkit verify --data /srv/files --quiet /srv/torrents/*.torrent`

export function defineVerify({ io, finish }: CommandContext) {
  const command = new Command('verify')
    .description('Check files against their torrents.')
    .usage('[options] <torrent> [path]\n       btkit verify [options] <torrent...>')
    .argument(
      '[torrent...]',
      'torrents, or - for standard input; after a single one, the path of its content',
    )
    .optionsGroup('Content:')
    .option(
      '--data <directory>',
      'find the content in this directory (default: beside each torrent)',
    )
    .option(
      '--files-from <list>',
      'check also the torrents in a list, one per line or NUL-separated; - reads standard input',
    )
    .option('--no-check-hashes', 'check only sizes; read nothing')
    .option('--follow-symlinks', 'follow links that lead outside, too', false)
    .option('--extra', 'report files that are not part of the torrent, too')
    .optionsGroup('Reading and cache:')
    .addOption(threadsOption())
    .addOption(maxRateOption())
    .option('--trust-cache', 'use the piece cache for unchanged files', false)
    .addOption(noCacheOption().conflicts('trustCache'))
    .addOption(cacheDirOption())
    .addOption(cacheTrustOption())
  return declareShareOptions(command)
    .optionsGroup('Output:')
    .option('--json', 'print one line of JSON for each torrent')
    .option('--quiet', 'print nothing unless something is wrong')
    .addOption(maxTorrentSize())
    .addHelpText('after', EXAMPLES)
    .action(async (operands, options, command) => {
      const targets = await findTargets(operands, options, io)
      const engine = engineFor(options, io)
      const share = options.trustCache ? shareRequest(options, command, io) : null
      const used = { ...options, cache: options.trustCache, shareWith: share }
      const cacheAccess = await openCacheAccess(used, io)
      const trees = new TreeCache(options.cacheDir, io)
      const openTrees = options.cache ? () => trees.open() : undefined
      try {
        const hashContext = { engine, cacheAccess, openTrees }
        finish(await runVerify({ targets, options, hashContext, io }))
      } finally {
        await trees.close()
        await cacheAccess.cache.close()
      }
    })
}

/**
 * Merkle trees from the piece cache, which is opened when a piece is bad. The cache need not be
 * trusted: all digests of a tree that leads to the torrent's root are right.
 */
class TreeCache {
  #opened: ReturnType<typeof openCacheOf> | null = null

  constructor(
    private readonly cacheDir: string | undefined,
    private readonly io: Io,
  ) {}

  open(): Promise<TreeSource> {
    this.#opened ??= openCacheOf(this.cacheDir, this.io)
    return this.#opened
  }

  async close(): Promise<void> {
    const cache = await this.#opened
    await cache?.close()
  }
}

/** The torrents that the command line asks to check. */
interface VerifyTargets {
  readonly places: readonly TorrentPlace[]
  /** Names in a list that cannot be file names. */
  readonly refused: FileList['refused']
  /**
   * Whether there is a single torrent. Then its content may have any name, and no sum is printed.
   */
  readonly isSingle: boolean
}

/** The options that name torrents and their data. */
interface TargetOptions {
  readonly data?: string | undefined
  readonly filesFrom?: string | undefined
}

/**
 * Finds the torrents to check: all operands and those of a list, or `TORRENT PATH`.
 * @throws BtkitError `usage`, `empty` for a list without torrents, because the program that made it
 * may have failed, and the errors of readFileList
 */
async function findTargets(
  operands: readonly string[],
  options: TargetOptions,
  io: Io,
): Promise<VerifyTargets> {
  const { data, filesFrom } = options
  if (operands.length === 0 && filesFrom === undefined) {
    throw new BtkitError('usage', 'no torrent given; name at least one')
  }
  const [torrent = '', path] = operands
  const isAlone = filesFrom === undefined && data === undefined && operands.length <= 2
  if (isAlone && (path === undefined || isPath(path))) {
    const place = { torrent, path: path ?? dirname(torrent), byName: false }
    return { places: [place], refused: [], isSingle: true }
  }
  checkSeveral(operands, options)
  const list = filesFrom === undefined ? NONE : await readFileList(filesFrom, io)
  const torrents = [...operands, ...list.files]
  if (torrents.length + list.refused.length === 0) throw nothingIn(filesFrom)
  return {
    places: torrents.map((torrent) => placeOf(torrent, data)),
    refused: list.refused,
    isSingle: filesFrom === undefined && torrents.length === 1,
  }
}

const NONE: FileList = { files: [], refused: [] }

function nothingIn(list = '-'): BtkitError {
  const what = list === '-' ? 'standard input' : list
  return new BtkitError('empty', `${what}: names no torrent; nothing was checked`)
}

function placeOf(torrent: string, data: string | undefined): TorrentPlace {
  return { torrent, path: data ?? dirname(torrent), byName: data !== undefined }
}

/** Whether the second of two arguments names the data: a directory, or no .torrent file. */
function isPath(name: string): boolean {
  return !name.endsWith('.torrent') || isDirectory(name)
}

function checkSeveral(operands: readonly string[], { data, filesFrom }: TargetOptions): void {
  if (data !== undefined && !isDirectory(data)) {
    throw new BtkitError('usage', `--data ${data}: not a directory`)
  }
  if (operands.length + (filesFrom === undefined ? 0 : 1) > 1 && operands.includes('-')) {
    throw new BtkitError('usage', '-: only a single torrent can come from standard input')
  }
  const directory = operands.find(isDirectory)
  if (directory !== undefined) {
    const hint = 'use --data for the data of several torrents'
    throw new BtkitError('usage', `${directory}: a directory, not a torrent; ${hint}`)
  }
}

function isDirectory(path: string): boolean {
  return statIfThere(path)?.isDirectory() ?? false
}

/** The options for checking and printing. */
interface VerifyOptions {
  readonly checkHashes: boolean
  readonly followSymlinks: boolean
  readonly extra?: true | undefined
  readonly json?: true | undefined
  readonly quiet?: true | undefined
  /** In bytes. */
  readonly maxTorrentSize: number
}

/** One run of the command. */
export interface Run {
  readonly targets: VerifyTargets
  readonly options: VerifyOptions
  readonly hashContext: VerifyContext
  readonly io: Io
}

/**
 * Checks torrents and reports each result. Returns the exit status.
 * @throws BtkitError `interrupted`
 */
async function runVerify(run: Run): Promise<number> {
  const { targets, io } = run
  const tally: Tally = { whole: 0, notWhole: 0, failed: 0 }
  let isComplete = true
  for (const { file, error } of targets.refused) {
    report({ torrent: file, report: null, error }, { run, tally, seconds: 0 })
  }
  try {
    let started = io.now()
    for await (const outcome of outcomesOf(run)) {
      report(outcome, { run, tally, seconds: (io.now() - started) / 1000 })
      if (outcome.error === null) isComplete &&= tellExtraError(outcome, io)
      started = io.now()
    }
  } catch (error) {
    if (io.signal.aborted) tellProgress(tally, run)
    throw error
  }
  const isWhole = tally.notWhole + tally.failed === 0
  if (wantsSum(run, isWhole)) io.stdout.write(sumLine(tally))
  return isWhole && isComplete ? 0 : 1
}

/** Yields the results, with a progress bar for all torrents. */
async function* outcomesOf({
  targets,
  options,
  hashContext,
  io,
}: Run): AsyncGenerator<VerifyOutcome> {
  const work: VerifyRun = {
    places: targets.places,
    checkHashes: options.checkHashes,
    extra: options.extra ?? false,
    followSymlinks: options.followSymlinks,
    read: (torrent) => readTorrentInput(torrent, options.maxTorrentSize, io),
  }
  const hasBar = !options.quiet && io.stderr.isTTY === true
  const { signal } = hashContext.engine
  const total = hasBar && !targets.isSingle ? await measureTorrents(work, signal) : null
  const shown: { bar: Awaited<ReturnType<typeof openProgress>> } = { bar: null }
  const engine = {
    ...hashContext.engine,
    onProgress: (progress: { bytesDone: number; currentPath: string }) =>
      shown.bar?.update(progress),
  }
  const onPlan = async (byteCount: number) => {
    if (hasBar) shown.bar ??= await openProgress(io, total ?? byteCount)
  }
  try {
    for await (const outcome of verifyTorrents(work, { ...hashContext, engine }, onPlan)) {
      shown.bar?.pause()
      yield outcome
    }
  } finally {
    shown.bar?.stop()
  }
}

/** The state of a run while one torrent is reported. */
interface Context {
  readonly run: Run
  readonly tally: Tally
  readonly seconds: number
}

function report(outcome: VerifyOutcome, { run, tally, seconds }: Context): void {
  const { options, targets, io } = run
  if (outcome.error !== null) {
    tally.failed++
    reportError(outcome.error, io)
    if (options.json) io.stdout.write(uncheckedJson(outcome, seconds))
    return
  }
  const { torrent, metainfo, report } = outcome
  for (const { message } of options.quiet ? [] : metainfo.warnings) {
    reportWarning(`${torrent}: ${message}`, io)
  }
  if (report.ok) tally.whole++
  else tally.notWhole++
  if (options.json) io.stdout.write(verifyJson(outcome, seconds))
  else if (!options.quiet || !report.ok) {
    const linesOf = targets.isSingle ? linesOfOne : linesOfSeveral
    const lines = linesOf(report, torrent, io.cwd)
    io.stdout.write(lines)
  }
}

/** Returns false if extra files were wanted and could not be searched for. */
function tellExtraError({ report: { extraError } }: VerifiedTorrent, io: Io): boolean {
  if (extraError !== null) reportError(extraError, io)
  return extraError === null
}

function tellProgress({ whole, notWhole, failed }: Tally, { targets, options, io }: Run): void {
  if (targets.isSingle || options.quiet) return
  const { places, refused } = targets
  const all = count(places.length + refused.length, 'torrent')
  reportNote(`stopped after ${whole + notWhole + failed} of ${all}`, io)
}

function wantsSum({ targets, options }: Run, isWhole: boolean): boolean {
  return !targets.isSingle && !options.json && !(options.quiet && isWhole)
}
