import { BtkitError } from '../../base/errors.js'
import { adviseDownload, adviseRepair } from '../../base/text/no-download.js'
import { looksLikeUrl } from '../../metainfo/trackers.js'
import { DataProblem } from '../../core/publish/local-data.js'

/**
 * Returns the problem of a torrent; if its data is not whole, with what helps. `takesData` is
 * whether the command has --data.
 */
export function withDataAdvice(
  named: Error,
  { torrent, problem, takesData }: { torrent: string; problem: unknown; takesData: boolean },
): Error {
  if (!(problem instanceof DataProblem) || problem.lack === null) return named
  // Data on a server is mended there
  if (looksLikeUrl(problem.directory ?? '')) return named
  const advice = adviceFor(problem.lack, problem.directory, torrent)
  const first = takesData || problem.lack === 'changed' ? FIRST[problem.lack] : ''
  return new BtkitError(problem.code, `${named.message}; ${first}${advice}`)
}

/** Downloading does not help if this is the cause. */
const FIRST = {
  missing: 'if it is elsewhere, give --data; ',
  changed: 'if you changed it, make its torrent again; ',
  damaged: '',
}

function adviceFor(
  lack: NonNullable<DataProblem['lack']>,
  directory: string | null,
  torrent: string,
): string {
  if (lack === 'missing' || directory === null)
    return adviseDownload(torrent, directory ?? undefined)
  return adviseRepair(torrent, directory)
}
