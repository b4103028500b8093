import type { ThreadRequest, WorkResult, WorkTable } from '../work/work-program.js'
import type { WorkThread } from '../work/work-thread.js'
import type { Answer } from '../../server/headers/answer.js'
import { seeOther } from './frame.js'
import type { JobFacts, Jobs } from './jobs.js'

/** The jobs of an application, and the thread of their work. */
export interface Works {
  readonly jobs: Jobs
  readonly work: WorkThread
  /**
   * Milliseconds that a form waits for its work. Mistakes found meanwhile are shown above the form,
   * and later ones on the page of the work.
   */
  readonly patience: number
}

/** Work that a form asks for. */
interface NewWork<Name extends keyof WorkTable> {
  readonly about: JobFacts<WorkResult<Name>>
  readonly name: Name
  readonly request: ThreadRequest<Name>
}

/**
 * Starts work, waits a moment for it, and sends the browser to its page.
 * @throws BtkitError if the work fails meanwhile
 */
export async function startWork<Name extends keyof WorkTable>(
  { jobs, work, patience }: Works,
  { about, name, request }: NewWork<Name>,
): Promise<Answer> {
  const { id } = await jobs.begin(about, (run) => work.run(name, request, run), patience)
  return seeOther(`job/${id}`)
}
