import { InvalidArgumentError } from '@commander-js/extra-typings'
import { Command } from '../../acting-command.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { type Finding, LINT_CODES, lintMetainfo } from '../../../metainfo/lint/metainfo.js'
import { byTrackerRules, type TrackerRule } from '../../../metainfo/lint/trackers.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { byCause, type Said } from '../../output/by-cause.js'
import { Report } from '../../output/report.js'
import { torrentValue } from '../../output/torrent-json.js'
import { repeated } from '../../options/values.js'
import { eachTorrent, type ReadTorrent } from '../../open/torrent-input.js'
import { count } from '../../../base/text/quantity.js'
import { readRightConfigurations } from '../../configuration/files.js'
import { CommandLayers } from '../../configuration/decide.js'
import { type Place, Problems } from '../../options/given.js'
import type { MakerOptions } from '../../options/torrent.js'
import type { Io } from '../../io.js'

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
  return new Command('lint', { takes: 'torrent' })
    .description('Report what is wrong or unwise in torrents, without their data.')
    .argument('<torrent...>', 'torrents to check, or directories of them; - reads standard input')
    .opt('--strict', 'exit with status 1 if anything is found (default: only for errors)')
    .opt('--ignore <code>', 'ignore findings of this code (repeatable)', codes)
    .opt(
      '--json',
      `print one JSON object a line for each torrent. It has *torrent*, *infoHash*, *infoHashV2*,
        *findings* (an array of objects with *code*, *severity* and *message*), *error* and *code*.
        The last two are null unless the torrent cannot be read.`,
    )
    .opt('-q, --quiet', 'print nothing for a torrent without findings')
    .addHelpText('after', EXAMPLES)
    .action(async (torrents, options) => {
      const rule = byTrackerRules(await configuredRules(configFile(), io))
      const report = new Report(options, io)
      const notes: Said[] = []
      let [failures, clean, total] = [0, 0, 0]
      const lint = async (file: string, read: ReadTorrent, all: readonly string[]) => {
        total = all.length
        const metainfo = await read()
        const found = lintMetainfo(metainfo, rule)
        const findings = found.filter(({ code }) => !options.ignore.includes(code))
        const isFailure = ({ severity }: Finding) => options.strict ?? severity === 'error'
        failures += findings.filter(isFailure).length
        const isShared = ({ severity }: Finding) => total > 1 && severity === 'note'
        const shared = findings.filter(isShared)
        notes.push(...shared.map((finding) => ({ what: file, why: textOf(finding) })))
        report.line(
          lintValue(file, metainfo, findings, null),
          findings.flatMap((each) => (isShared(each) ? [] : `${file}: ${textOf(each)}`)),
          'always',
        )
        if (findings.length > 0) return
        clean++
        if (!report.isJson && total === 1) report.note(`${file}: nothing wrong`)
      }
      const lost = (file: string, error: unknown) => [lintValue(file, null, [], error)]
      const status = await eachTorrent(torrents, lint, report, io, { lost })
      report.text(byCause(notes, { mostLines: 1, mostNames: 3, subjects: 'torrents' }), 'always')
      if (!report.isJson && total > 1 && clean > 0)
        report.note(`${count(total, 'torrent')}: nothing wrong in ${clean}`)
      finish(failures > 0 ? 1 : status)
    })
}

const codes = repeated((text) => {
  const code = LINT_CODES.find((each) => each === text)
  if (code) return [code]
  throw new InvalidArgumentError('Unknown code; btkit-lint(1) lists all codes.')
})

/** The code comes last, because it often begins with the message's words. */
function textOf({ code, severity, message }: Finding): string {
  return `${severity}: ${message} [${code}]`
}

/** A result for programs. */
function lintValue(
  file: string,
  metainfo: Metainfo | null,
  findings: readonly Finding[],
  error: unknown,
) {
  return torrentValue(file, metainfo, {
    file,
    findings: findings.map(({ code, severity, message }) => ({ code, severity, message })),
    failure: error,
  })
}

/**
 * The rules of trackers in the configuration files.
 * @throws BtkitError `usage`
 */
async function configuredRules(file: string | undefined, io: Io): Promise<TrackerRule[]> {
  const read = await readRightConfigurations(file, io)
  if (read.length === 0) return []
  // The options of torrents take a while to load
  const { declareTorrentOptions } = await import('../../options/torrent.js')
  const target = { section: 'rule', command: declareTorrentOptions('rule', false), isLegacy: false }
  const problems = new Problems()
  const layers = await CommandLayers.read(target, { config: file, read, problems }, io)
  // Trackers may be secrets, and no torrent is held against the lists among them
  const rules = layers.rules(problems).map(({ name, place, given }) => {
    const values = layers.parse(given, problems).map((each) => [each.entry.attribute, each.value])
    return asRule(name, place, Object.fromEntries(values) as Partial<MakerOptions>)
  })
  problems.throwFirst()
  return rules
}

function asRule(name: string, place: Place, options: Partial<MakerOptions>): TrackerRule {
  const { v2, hybrid } = options
  const version = v2 ? 'v2' : hybrid ? 'hybrid' : 'v1'
  return {
    host: name.toLowerCase(),
    place: place.lineText,
    private: options.private,
    source: options.source?.at(-1),
    version: v2 === undefined && hybrid === undefined ? undefined : version,
    maxPieceLength: options.maxPieceLength,
    maxTorrentSize: options.maxTorrentSize,
  }
}
