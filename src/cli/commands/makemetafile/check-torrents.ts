import { compareWithTarget, type TargetDifference } from '../../../core/make/compare-with-target.js'
import {
  makeTorrent,
  makeVariant,
  planOf,
  type MadeTorrent,
  type TorrentPlan,
} from '../../../core/make/make-torrent.js'
import { planContent } from '../../../core/digests/content.js'
import { escapeText } from '../../../text/escape.js'
import { checkJson, checkLines } from './makemetafile-output.js'
import { tellOfPlan, withProgress, type Run } from './make-torrents.js'
import type { MakeGroup } from './request.js'

/**
 * Compares the torrents of one source with the files that they would replace. Writes nothing.
 * Returns whether all are unchanged.
 */
export async function checkAll([request, ...others]: MakeGroup, run: Run): Promise<boolean> {
  const { options, io } = run
  const content = await planContent(request)
  const plans = [request, ...others].map((each) => planOf(content, each))
  if (plans[0]) await tellOfPlan(plans[0], run)
  // The current time is no difference
  const isDated =
    (options.date !== undefined && options.date !== 'now') || !!io.env['SOURCE_DATE_EPOCH']
  let first: MadeTorrent | null = null
  let areUnchanged = true
  for (const plan of plans) {
    const unwritten = { ...plan, request: { ...plan.request, torrent: null } }
    const made: MadeTorrent = first
      ? await makeVariant(unwritten, first)
      : await compose(unwritten, run)
    const difference = compareWithTarget(plan.request.torrent ?? '', made.bytes, { isDated })
    tell({ plan, made, difference }, run)
    areUnchanged &&= difference.status === 'unchanged'
    first ??= made
  }
  return areUnchanged
}

function compose(plan: TorrentPlan, run: Run): Promise<MadeTorrent> {
  return withProgress(run, plan.content.size, (context) => makeTorrent(plan, context))
}

interface Checked {
  readonly plan: TorrentPlan
  readonly made: MadeTorrent
  readonly difference: TargetDifference
}

function tell({ plan, made, difference }: Checked, { options, io, reported }: Run): void {
  reported.add(plan.request.torrent)
  const checked = { plan, hashes: made, difference }
  if (options.json) io.stdout.write(checkJson(checked))
  if (options.json || options.quiet) return
  for (const line of checkLines(checked)) io.stdout.write(`${escapeText(line)}\n`)
}
