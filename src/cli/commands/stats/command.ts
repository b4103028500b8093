import { Command } from '../../acting-command.js'
import {
  summarize,
  torrentFacts,
  type Share,
  type SummarizedTorrent,
  type TorrentSummary,
} from '../../../metainfo/summary.js'
import { count, formatBytes } from '../../../base/text/quantity.js'
import { listTorrents, readTorrentInput } from '../../open/torrent-input.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { Report } from '../../output/report.js'
import { failureKeys } from '../../output/torrent-json.js'

const EXAMPLES = `
Examples:
  btkit stats /srv/torrents
  btkit stats --json *.torrent`

export const command: CommandRecord = {
  group: 'Seldom needed',
  order: 40,
  summary: 'Count torrents, their sizes, trackers and piece lengths',
  example: '/srv/torrents',
  define: defineStats,
}

function defineStats({ io, finish }: CommandContext) {
  return new Command('stats', { takes: 'torrent' })
    .description('Show how many torrents there are, and their sizes, trackers and piece lengths.')
    .argument('<directory-or-torrent...>', 'torrents, and directories with torrents below them')
    .opt(
      '--json',
      `print one JSON object. It has *torrents*, *duplicates*, *private*, *failed*, *files*,
        *pieces*, *size*, *torrentSize* and the arrays *versions*, *pieceLengths* and *trackers* of
        objects with *value*, *torrents* and *size*. *failures* is an array of objects with
        *torrent*, *error* and *code*. Sizes are in bytes.`,
    )
    .addHelpText('after', EXAMPLES)
    .action(async (operands, { json }) => {
      const { files, refused } = await listTorrents(operands, io)
      const report = new Report({ json }, io)
      const failures = new Map<string, unknown>(refused.map(({ file, error }) => [file, error]))
      for (const error of failures.values()) report.fail(error)
      const all: SummarizedTorrent[] = []
      for (const torrent of files) {
        io.signal.throwIfAborted()
        try {
          all.push(torrentFacts(await readTorrentInput(torrent, io)))
        } catch (error) {
          if (io.signal.aborted) throw error
          report.fail(error)
          failures.set(torrent, error)
        }
      }
      const summary = summarize(all)
      report.line(valueOf(summary, failures), linesOf(summary, failures.size))
      finish(failures.size > 0 ? 1 : 0)
    })
}

function valueOf(
  { pieceLengths, ...summary }: TorrentSummary,
  failures: ReadonlyMap<string, unknown>,
) {
  return {
    ...summary,
    failed: failures.size,
    failures: [...failures].map(([torrent, error]) => ({ torrent, ...failureKeys(error) })),
    pieceLengths: pieceLengths.map(({ value, ...rest }) => ({ value: Number(value), ...rest })),
  }
}

function linesOf(summary: TorrentSummary, failed: number): string[] {
  const notes = [
    ...(summary.private > 0 ? [`${summary.private} private`] : []),
    ...(summary.duplicates > 0 ? [`${summary.duplicates} twice`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ]
  const head = [
    `torrents  ${summary.torrents}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`,
    `content   ${formatBytes(summary.size)} in ${count(summary.files, 'file')}, ${count(summary.pieces, 'piece')}`,
    `.torrent  ${formatBytes(summary.torrentSize)}`,
  ]
  const lengths = summary.pieceLengths.map((share) => {
    return { ...share, value: formatBytes(Number(share.value)) }
  })
  const tables = [
    ...table('version', summary.versions),
    ...table('piece length', lengths),
    ...table('tracker', summary.trackers),
  ]
  return [...head, ...tables]
}

function table(heading: string, shares: readonly Share[]): string[] {
  if (shares.length === 0) return []
  const rows = shares.map(({ value, torrents, size }) => {
    return { value, torrents: String(torrents), size: formatBytes(size) }
  })
  return [
    '',
    ...[{ torrents: 'torrents', size: 'content', value: heading }, ...rows].map(
      ({ value, torrents, size }) => `${torrents.padStart(8)}  ${size.padStart(10)}  ${value}`,
    ),
  ]
}
