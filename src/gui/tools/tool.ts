import type { Cache } from '../../library/cache.js'
import type { Answer, ToolPath } from '../parts/frame.js'
import type { Form } from '../parts/form.js'
import type { Preset } from '../parts/torrent-fields.js'
import type { Job, Jobs } from '../jobs/jobs.js'

/** The parts that all tools share. */
export interface Workshop {
  readonly jobs: Jobs
  /** Where relative paths begin. */
  readonly directory: string
  /** Directories that pickers offer. */
  readonly places: readonly string[]
  readonly presets: readonly Preset[]
  /** The piece cache; undefined for none. */
  readonly cache: Cache | undefined
  /** Records of the torrents that btkit made in directories. */
  readonly stateDirectory: string
  readonly threads: number | undefined
}

/** A tool of the window: a form, what it does, and the page of its result. */
export interface Tool {
  readonly path: ToolPath
  /** Shows the form. */
  show(form: Form): Answer | Promise<Answer>
  /**
   * Does what a form asks for.
   * @throws BtkitError, which is shown above the form
   */
  act(form: Form): Answer | Promise<Answer>
  /** Shows the result of one of its jobs. */
  result(job: Job): Answer
}
