import { availableParallelism } from 'node:os'
import { BtkitError } from '../../errors.js'
import { json, seeOther, type Answer } from '../../pages/frame.js'
import { jobPage, jobStatus } from '../../pages/job-page.js'
import type { Job, Jobs } from '../../pages/jobs.js'
import type { AdminContext, AdminRoute } from '../frame/visit.js'
import type { FormsParts } from './parts.js'

/** The most jobs at once. */
const MOST_RUNNING = 4

/** The threads that hash; the tracker needs some, too. */
export const THREADS = Math.ceil(availableParallelism() / 2)

/**
 * Refuses a job if many run already.
 * @throws BtkitError `busy`
 */
export function refuseBusy(jobs: Jobs): void {
  if (jobs.list().filter(({ state }) => state === 'running').length < MOST_RUNNING) return
  throw new BtkitError('busy', `${MOST_RUNNING} jobs are running; wait for one to end`)
}

/** Shows the result of a job, by the page that began it. */
type Results = Readonly<Record<string, (job: Job, context: AdminContext) => Answer>>

/** The pages of jobs: their progress, and then their result. */
export function jobsRoutes({ jobs }: FormsParts, results: Results): AdminRoute[] {
  const find = ({ params }: AdminContext) => jobs.get(params['id'] ?? '')
  const show = (context: AdminContext): Answer => {
    const job = find(context)
    const result = job.state === 'done' ? results[job.about.tool] : undefined
    return result ? result(job, context) : jobPage(job, context.page)
  }
  const cancel = (context: AdminContext): Answer => {
    const job = find(context)
    job.cancel()
    return seeOther(`../${job.id}`)
  }
  return [
    { method: 'GET', path: 'job/:id', handle: show },
    { method: 'GET', path: 'job/:id/state', handle: (context) => json(jobStatus(find(context))) },
    { method: 'POST', path: 'job/:id/cancel', handle: cancel },
  ]
}
