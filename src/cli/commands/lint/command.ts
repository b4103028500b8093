import { Command, InvalidArgumentError } from '@commander-js/extra-typings'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import type { Finding, LintCode, LintRule } from '../../../metainfo/lint/finding.js'
import { LINT_CODES, lintMetainfo } from '../../../metainfo/lint/metainfo.js'
import { byTrackerRules } from '../../../metainfo/lint/tracker-rule.js'
import { configuredRules } from '../../configuration/tracker-rules.js'
import type { CommandContext } from '../../context.js'
import { reportNote, tryEach } from '../../output/messages.js'
import { failureKeys, torrentKeys } from '../../output/torrent-json.js'
import type { Io } from '../../io.js'
import { maxTorrentSize, readTorrentOperand } from '../../arguments/torrent-input.js'
import { escapeText, jsonLine } from '../../../text/escape.js'

interface LintOptions {
  readonly json?: true | undefined
  readonly quiet?: true | undefined
  readonly strict?: true | undefined
  readonly ignore: readonly LintCode[]
  readonly maxTorrentSize: number
  readonly rule: LintRule
}

const EXAMPLES = `
Examples:
  btkit lint release.torrent
  btkit lint --strict --ignore no-tracker *.torrent`

export function defineLint({ io, finish }: CommandContext) {
  return new Command('lint')
    .description('Report what is wrong or unwise in torrents, without their data.')
    .argument('<torrent...>', 'torrents to check; - reads standard input')
    .option('--strict', 'exit with 1 if anything is found (default: only for errors)')
    .option('--ignore <code>', 'ignore findings of this code (repeatable)', addCode, [])
    .option('--json', 'print one line of JSON for each torrent')
    .option('--quiet', 'print nothing for a torrent without findings')
    .addOption(maxTorrentSize())
    .addHelpText('after', EXAMPLES)
    .action(async (torrents, options) => {
      const { config } = options as { readonly config?: string }
      const rule = byTrackerRules(await configuredRules(config, io))
      let failures = 0
      const status = await tryEach(torrents, io, async (torrent) => {
        const { findings } = await lintOne(torrent, { ...options, rule }, io)
        const isFailure = ({ severity }: Finding) => options.strict ?? severity === 'error'
        failures += findings.filter(isFailure).length
      })
      finish(failures > 0 ? 1 : status)
    })
}

async function lintOne(file: string, options: LintOptions, io: Io): Promise<LintResult> {
  try {
    const metainfo = await readTorrentOperand(file, options.maxTorrentSize, io)
    const findings = lintMetainfo(metainfo, options.rule).filter(
      ({ code }) => !options.ignore.includes(code),
    )
    const result = { file, metainfo, findings, error: null }
    report(result, options, io)
    return result
  } catch (error) {
    if (options.json && !io.signal.aborted)
      io.stdout.write(lintJson({ file, metainfo: null, findings: [], error }))
    throw error
  }
}

function report(result: LintResult, options: LintOptions, io: Io): void {
  if (options.json) io.stdout.write(lintJson(result))
  else io.stdout.write(lintText(result))
  if (!options.quiet && !options.json && result.findings.length === 0) {
    reportNote(`${result.file}: nothing wrong`, io)
  }
}

/** Adds a code to the ignored ones. */
function addCode(text: string, previous: readonly LintCode[]): LintCode[] {
  const code = LINT_CODES.find((each) => each === text)
  if (code) return [...previous, code]
  throw new InvalidArgumentError('Unknown code; btkit-lint(1) lists all codes.')
}

/** The findings in a torrent, or why it could not be read. */
export interface LintResult {
  readonly file: string
  readonly metainfo: Metainfo | null
  readonly findings: readonly Finding[]
  /** Null if it could be read. */
  readonly error: unknown
}

/** Formats a result for programs: one line of JSON. */
export function lintJson({ file, metainfo, findings, error }: LintResult): string {
  return jsonLine({
    ...torrentKeys(file, metainfo),
    file,
    findings: findings.map(({ code, severity, message }) => ({ code, severity, message })),
    ...failureKeys(error),
  })
}

/** Formats a result for people, one line per finding: `file: severity: code: message`. */
export function lintText({ file, findings }: LintResult): string {
  return findings
    .map(({ code, severity, message }) => {
      return `${escapeText(`${file}: ${severity}: ${code}: ${message}`)}\n`
    })
    .join('')
}
