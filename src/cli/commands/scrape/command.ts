import { Command } from '../../acting-command.js'
import {
  askTrackers,
  type ScrapedTorrent,
  type TrackerAnswer,
} from '../../../seeding/trackers/ask-trackers.js'
import { clientInfoHash } from '../../../core/publish/client.js'
import { BtkitError, usageError } from '../../../base/errors.js'
import { looksLikeMagnet, parseMagnet } from '../../../metainfo/magnet.js'
import { announceUrls } from '../../../metainfo/trackers.js'
import type { InfoHashV2 } from '../../../metainfo/values.js'
import { hideSecrets } from '../../../base/text/secrets.js'
import { eachTorrent, type ReadTorrent } from '../../open/torrent-input.js'
import { isTrackerUrl } from '../../line/operands.js'
import { secondsOr, trackers } from '../../options/values.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { Report } from '../../output/report.js'
import { torrentValue } from '../../output/torrent-json.js'

const EXAMPLES = `
Examples:
  btkit scrape image.iso.torrent
  btkit scrape --json --timeout 5 *.torrent`

export const command: CommandRecord = {
  group: 'Show and check',
  order: 70,
  summary: 'Ask trackers for the seeds and leechers of torrents',
  example: 'image.iso.torrent',
  define: defineScrape,
}

function defineScrape({ io, finish }: CommandContext) {
  return new Command('scrape', { takes: 'torrent' })
    .description('Ask trackers how many seeds and leechers torrents have.')
    .argument(
      '<torrent-or-magnet...>',
      'torrents, directories of torrents, magnet links; - reads a torrent',
    )
    .opt(
      '-a, --announce <url>',
      `request counts from this tracker, not from those of the torrent (repeatable). 'defaults' of a
        configuration do not count for this option.`,
      { trackers: 'one', isOwn: true, ...trackers },
    )
    .opt('--timeout <time>', 'wait this long for the answer of a tracker', secondsOr(10))
    .opt(
      '--json',
      `print one JSON object a line for each torrent. It has *torrent*, *infoHash*, *infoHashV2*,
        *error*, *code* and *trackers* (an array of objects with *tracker*, *seeds*, *leechers*,
        *completed*, *error* and *code*).`,
    )
    .addHelpText('after', EXAMPLES)
    .action(async (operands, options) => {
      const tracker = operands.find(isTrackerUrl)
      if (tracker !== undefined) throw usageError(`${tracker}: a tracker; ${WHERE_TRACKERS}`)
      const report = new Report(options, io)
      const asked: Scraped[] = []
      const read = async (operand: string, readOperand: ReadTorrent) => {
        const found = await readAsked(operand, options.announce, readOperand)
        if (found.trackers.length === 0) report.fail(noTracker(found.name))
        asked.push(found)
      }
      const status = await eachTorrent(operands, read, report, io, { takesMagnets: true })
      const answers = await askTrackers(asked, options.timeout, io.signal)
      let isMissing = false
      for (const each of asked) {
        const own = answers(each)
        isMissing ||= own.every(({ counts }) => counts === null)
        report.line(valueOf(each, own), linesOf(each, own))
      }
      finish(isMissing ? 1 : status)
    })
}

const WHERE_TRACKERS = 'name the torrent or magnet link to ask for, and the tracker with -a'

/** A torrent with the hash of version 2 in full. */
interface Scraped extends ScrapedTorrent {
  readonly infoHashV2: InfoHashV2 | null
}

async function readAsked(
  operand: string,
  given: readonly string[],
  readOperand: ReadTorrent,
): Promise<Scraped> {
  const isMagnet = looksLikeMagnet(operand)
  const found = isMagnet ? parseMagnet(operand) : await readTorrent(readOperand)
  const { infoHashV2 } = found
  const hash = clientInfoHash(found)
  const urls = given.length > 0 ? given : found.trackers
  const name = isMagnet ? `magnet:?xt=urn:btih:${hash}` : operand
  const trackers = [...new Set(urls)].filter((url) => url !== '')
  return { name, infoHash: hash, infoHashV2, trackers }
}

async function readTorrent(read: ReadTorrent) {
  const metainfo = await read()
  const { infoHash, infoHashV2 } = metainfo
  return { infoHash, infoHashV2, trackers: announceUrls(metainfo) }
}

function noTracker(name: string): BtkitError {
  return new BtkitError('empty', `${name}: no tracker; name one with --announce`)
}

/** Why there are no counts of a torrent; null if there are. */
function whyNone({ name }: ScrapedTorrent, answers: readonly TrackerAnswer[]): BtkitError | null {
  if (answers.length === 0) return noTracker(name)
  if (answers.some(({ counts }) => counts !== null)) return null
  return new BtkitError(CODE, `${name}: no tracker gives its counts`)
}

/** The code of a tracker without counts. */
const CODE = 'unreachable'

function valueOf(asked: Scraped, answers: readonly TrackerAnswer[]) {
  const trackers = answers.map(({ tracker, counts, error }) => {
    const { seeds = null, leechers = null, completed = null } = counts ?? {}
    return { tracker, seeds, leechers, completed, error, code: error === null ? null : CODE }
  })
  return torrentValue(asked.name, asked, {
    trackers,
    failure: whyNone(asked, answers),
  })
}

function linesOf({ name }: ScrapedTorrent, answers: readonly TrackerAnswer[]): string[] {
  const lines = answers.map(({ tracker, counts, error }) => {
    const { seeds = null, leechers = null, completed = null } = counts ?? {}
    const cells = [seeds, leechers, completed].map((count) => String(count ?? '-'))
    const figures = cells.map((cell) => cell.padStart(9)).join('')
    return `${figures}  ${hideSecrets(tracker)}${error === null ? '' : `: ${error}`}`
  })
  return lines.length === 0 ? [] : [`${name}:`, '    seeds leechers completed', ...lines]
}
