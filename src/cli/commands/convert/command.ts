import { basename, dirname, join } from 'node:path'
import { convertTorrent, planConversion } from '../../../core/convert/convert-torrent.js'
import type { Content } from '../../../core/digests/content.js'
import { BtkitError, usageError } from '../../../base/errors.js'
import { isDirectory } from '../../line/operands.js'
import { lostSignatures } from '../../../metainfo/edit/splice-torrent.js'
import type { MetainfoVersion, Metainfo } from '../../../metainfo/metainfo.js'
import { count, formatBytes } from '../../../base/text/quantity.js'
import { declareCacheOptions, FOLLOW_SYMLINKS } from '../../options/reading.js'
import { readingWith, withHashContext } from '../../open/engine.js'
import { eachTorrent, readTorrentFile, refuseAddress } from '../../open/torrent-input.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import type { Io } from '../../io.js'
import { optional } from '../../output/messages.js'
import { Report } from '../../output/report.js'
import { linesOfOne } from '../../output/verify-output.js'
import { Command } from '../../acting-command.js'
import { pieceLength, outputPath } from '../../options/values.js'
import { torrentValue } from '../../output/torrent-json.js'
import { FILE, OFF } from '../../options/option.js'

const EXAMPLES = `
Examples:
  btkit convert image.iso.torrent --hybrid
  btkit convert --v2 release.torrent /srv/release --output release-v2.torrent`

export const command: CommandRecord = {
  group: 'Make and change torrents',
  order: 50,
  summary: 'Convert a torrent to another version (v1, v2 or hybrid)',
  example: 'image.iso.torrent /srv/mirror --hybrid',
  define: defineConvert,
}

function defineConvert({ io, finish }: CommandContext) {
  return declareConvert().action(async (operand, data, options) => {
    const version = versionOf(options)
    if (options.output === '-') {
      throw usageError('--output -: convert cannot write to standard output; name a file')
    }
    if (data !== undefined && options.data !== undefined)
      throw usageError(`${data}: give the content as an argument or with --data`)
    const out = new Report(options, io)
    const runOf = (torrent: string): Run => {
      return { torrent, path: data ?? options.data ?? dirname(torrent), version, options, out, io }
    }
    if (isDirectory(operand)) {
      finish(await convertAll(operand, runOf))
      return
    }
    const run = runOf(operand)
    try {
      refuseAddress(operand)
      finish(await convert(run))
    } catch (error) {
      if (!options.json || !(error instanceof BtkitError) || io.signal.aborted) throw error
      out.fail(error)
      tell({ ...resultOf(run), error }, run)
      finish(1)
    }
  })
}

/** Converts all torrents in a directory and below it. Returns the exit status. */
async function convertAll(directory: string, runOf: (torrent: string) => Run): Promise<number> {
  const { options, out, io } = runOf(directory)
  if (options.output !== undefined && !isDirectory(options.output))
    throw usageError(`--output ${options.output}: not a directory, and several torrents need one`)
  const lost = (torrent: string, error: unknown) => [
    convertValue({ ...resultOf(runOf(torrent)), error }, options.dryRun),
  ]
  let status = 0
  const one = async (torrent: string) => {
    status = Math.max(status, await convert(runOf(torrent)))
  }
  return (await eachTorrent([directory], one, out, io, { lost })) || status
}

/** One run of the command. */
interface Run {
  readonly torrent: string
  readonly path: string
  readonly version: MetainfoVersion
  readonly options: ConvertOptions
  readonly out: Report
  readonly io: Io
}

function versionOf({ hybrid, v1, v2 }: ConvertOptions): MetainfoVersion {
  if (hybrid) return 'hybrid'
  if (v2) return 'v2'
  if (v1) return 'v1'
  throw usageError('no version given; use --hybrid, --v2 or --v1')
}

/** The file for the new torrent: without `--output` it is beside the old one. */
function outputOf({ torrent, version, options: { output } }: Run): string {
  if (output === undefined) return `${torrent.replace(/\.torrent$/, '')}.${version}.torrent`
  const isParent = output.endsWith('/') || isDirectory(output)
  return isParent ? join(output, basename(torrent)) : output
}

/** Returns the exit status. */
async function convert(run: Run): Promise<number> {
  const { torrent, path, version, options, out, io } = run
  const { force, dryRun, pieceLength = null, followSymlinks } = options
  const request = {
    read: () => readTorrentFile(torrent),
    torrent,
    path,
    followSymlinks,
    version,
    pieceLength,
    store: { target: outputOf(run), force, original: torrent },
  }
  if (dryRun) {
    const { before, content } = await planConversion(request)
    return tellPlan(before, content, run)
  }
  const { before, conversion } = await convertTorrent(request, (total, work) =>
    withHashContext(options, io, (context) => readingWith(context, out)(total, work)),
  )
  const { after, report } = conversion
  const result = { ...resultOf(run), before, after }
  if (report !== null) {
    out.text(linesOfOne({ torrent, metainfo: before, report }, io.cwd), 'always')
    return refuse(result, run)
  }
  tell(result, run)
  return 0
}

function resultOf(run: Run): ConvertResult {
  return { file: run.torrent, target: outputOf(run), before: null, after: null, error: null }
}

/** Reports a dry run: whether the files exist, and the pieces of the new torrent. */
function tellPlan(before: Metainfo, content: Content | null, run: Run): number {
  const result = { ...resultOf(run), before }
  if (content === null) return refuse(result, run)
  const pieces = `${count(content.pieceCount, 'piece')} of ${formatBytes(content.pieceLength)}`
  const versions = `from ${before.version} to ${run.version}`
  run.out.line(convertValue(result, true), `would convert ${run.torrent} ${versions}, ${pieces}`)
  return 0
}

function refuse(result: ConvertResult, run: Run): number {
  const why = 'not converted, because its content is not whole'
  const error = new BtkitError('changed', `${run.torrent}: ${why}`)
  run.out.fail(error)
  tell({ ...result, error }, run)
  return 1
}

function tell(result: ConvertResult, { options, out }: Run): void {
  out.line(convertValue(result, options.dryRun), convertLines(result))
  if (result.before === null || result.after === null) return
  for (const lost of lostSignatures(result.before, result.after))
    out.warn(`${result.target}: ${lost}`)
  if (!out.isJson) out.note('clients and trackers treat the converted torrent as a new one')
}

/** Declares the command `convert` with its options, without its action. */
function declareConvert() {
  const command = new Command('convert')
    .description('Turn a torrent into one of another version, and check its content.')
    .argument('<torrent>', 'the torrent to convert, or a directory of torrents')
    .argument('[data]', 'its content, or the directory that holds it (default: beside the torrent)')
    .opt(
      '--data <path>',
      `find the content there (default: beside the torrent). This is another form of the argument
        <data>.`,
      FILE,
    )
    .opt(...FOLLOW_SYMLINKS)
    .optionsGroup('The new torrent:')
    .opt(
      '--hybrid',
      `make a torrent of versions 1 and 2 (BEP 52). See btkit-clients(7) for clients that cannot
        open hybrids.`,
    )
    .opt('--v2', 'make a torrent of version 2 only, which old clients cannot use', {
      excludes: ['hybrid'],
    })
    .opt('--v1', 'make a torrent of version 1 only', { excludes: ['hybrid', 'v2'] })
    .opt(
      '--piece-length <size>',
      `use this piece length, such as 1M, or auto (default: that of the torrent). The default
        changes if version 2 does not allow the old length, or if more than a fifth of a hybrid
        would be padding.`,
      { parse: pieceLength },
    )
    .opt(
      '-o, --output <path>',
      'write the new torrent to this file or directory (default: NAME.VERSION.torrent beside it)',
      { takes: 'file', isOwn: true, parse: outputPath },
    )
    .opt('--force', 'replace the old torrent or any other file, if --output names it', OFF)
  return declareCacheOptions(command)
    .optionsGroup('Output:')
    .opt('--dry-run', 'show what would be done, without reading files', OFF)
    .opt(
      '--json',
      `print one JSON object. It has *torrent*, *target*, *dryRun*, *converted*, *version*,
        *oldVersion*, *pieceLength*, *infoHash*, *oldInfoHash*, *infoHashV2*, *oldInfoHashV2*,
        *error* and *code*. Absent values are null.`,
      OFF,
    )
    .opt('-q, --quiet', 'print nothing but errors, and show no progress', OFF)
    .addHelpText('after', EXAMPLES)
}

/** The validated options of `convert`. */
type ConvertOptions = ReturnType<ReturnType<typeof declareConvert>['opts']>

/** The result of a conversion. `after` is null if no torrent was made. */
interface ConvertResult {
  readonly file: string
  /** The file that was written. */
  readonly target: string
  readonly before: Metainfo | null
  readonly after: Metainfo | null
  /** Null if it was converted, or would be. */
  readonly error: unknown
}

/** A result for programs. */
function convertValue(result: ConvertResult, dryRun: boolean) {
  const { file, target, before, after, error } = result
  return torrentValue(file, after, {
    file,
    target,
    dryRun,
    converted: after !== null,
    version: after?.version ?? null,
    oldVersion: before?.version ?? null,
    pieceLength: after?.pieceLength ?? null,
    oldInfoHash: before?.infoHash ?? null,
    oldInfoHashV2: before?.infoHashV2 ?? null,
    failure: error,
  })
}

/** Formats a result for people. */
function convertLines({ file, target, before, after }: ConvertResult): string[] {
  if (before === null || after === null) return []
  const place = target === file ? '' : `, written to ${target}`
  return [
    `converted ${file} from ${before.version} to ${after.version}${place}`,
    ...optional('old info hash', before.infoHash),
    ...optional('new info hash', after.infoHash),
    ...optional('old info hash v2', before.infoHashV2),
    ...optional('new info hash v2', after.infoHashV2),
  ]
}
