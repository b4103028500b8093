import { Command, InvalidArgumentError } from '@commander-js/extra-typings'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { type Finding, LINT_CODES, lintMetainfo } from '../../../metainfo/lint/metainfo.js'
import { byTrackerRules } from '../../../metainfo/lint/trackers.js'
import { configuredRules } from '../../configuration/tracker-rules.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { openReport } from '../../output/report.js'
import { torrentValue } from '../../output/torrent-json.js'
import { repeated } from '../../options/values.js'
import { readTorrentOperand } from '../../open/torrent-input.js'
import { maxTorrentSize } from '../../options/reading.js'
import { count } from '../../../text/quantity.js'

const EXAMPLES = `
Examples:
  btkit lint release.torrent
  btkit lint --strict --ignore no-tracker *.torrent`

export const command: CommandRecord = {
  group: 'Show and check',
  order: 30,
  summary: 'Report errors and bad practice in torrents',
  example: '*.torrent',
  define: defineLint,
}

function defineLint({ io, configFile, finish }: CommandContext) {
  return new Command('lint')
    .description('Report what is wrong or unwise in torrents, without their data.')
    .argument('<torrent...>', 'torrents to check; - reads standard input')
    .option('--strict', 'exit with 1 if anything is found (default: only for errors)')
    .option('--ignore <code>', 'ignore findings of this code (repeatable)', codes, [])
    .option('--json', 'print one line of JSON for each torrent')
    .option('--quiet', 'print nothing for a torrent without findings')
    .addOption(maxTorrentSize())
    .addHelpText('after', EXAMPLES)
    .action(async (torrents, options) => {
      const rule = byTrackerRules(await configuredRules(configFile(), io))
      const report = openReport(options, io)
      let [failures, clean] = [0, 0]
      const lint = async (file: string) => {
        const metainfo = await readTorrentOperand(file, options.maxTorrentSize, io)
        const all = lintMetainfo(metainfo, rule)
        const findings = all.filter(({ code }) => !options.ignore.includes(code))
        const isFailure = ({ severity }: Finding) => options.strict ?? severity === 'error'
        failures += findings.filter(isFailure).length
        const result = { file, metainfo, findings, error: null }
        report.line(
          lintValue(result),
          findings.map((finding) => lineOf(file, finding)),
          'always',
        )
        if (findings.length > 0) return
        clean++
        if (!report.isJson && torrents.length === 1) report.note(`${file}: nothing wrong`)
      }
      const status = await report.each(torrents, lint, (file, error) => {
        return [lintValue({ file, metainfo: null, findings: [], error })]
      })
      if (!report.isJson && torrents.length > 1 && clean > 0)
        report.note(`${count(torrents.length, 'torrent')}: nothing wrong in ${clean}`)
      finish(failures > 0 ? 1 : status)
    })
}

const codes = repeated((text) => {
  const code = LINT_CODES.find((each) => each === text)
  if (code) return [code]
  throw new InvalidArgumentError('Unknown code; btkit-lint(1) lists all codes.')
})

/** The findings in a torrent, or why it could not be read. */
interface LintResult {
  readonly file: string
  readonly metainfo: Metainfo | null
  readonly findings: readonly Finding[]
  /** Null if it could be read. */
  readonly error: unknown
}

/** A result for programs. */
function lintValue({ file, metainfo, findings, error }: LintResult) {
  return torrentValue(file, metainfo, {
    file,
    findings: findings.map(({ code, severity, message }) => ({ code, severity, message })),
    failure: error,
  })
}

/** A finding for people. The code comes last, because it often begins with the message's words. */
function lineOf(file: string, { code, severity, message }: Finding): string {
  return `${file}: ${severity}: ${message} [${code}]`
}
