import { BtkitError } from '../../errors.js'
import type { VerifyOutcome } from '../verify/verify-torrents.js'

/** Why the data of a torrent that was checked can't be seeded; null when it can. */
export function dataProblem(outcome: VerifyOutcome): Error | null {
  if (outcome.error !== null) return outcome.error
  const { torrent, report } = outcome
  if (report.ok) return null
  const [odd] = report.files.filter(({ status }) => status !== 'ok')
  const which = odd ? `${odd.path.join('/')} is ${odd.status}` : 'pieces are damaged'
  return new BtkitError('changed', `${torrent}: its data is not whole: ${which}`)
}
