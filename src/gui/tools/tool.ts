import { BtkitError } from '../../errors.js'
import type { Cache } from '../../library/cache.js'
import type { Answer } from '../../pages/frame.js'
import { page, type ToolPath } from '../window.js'
import { Form } from '../../pages/form.js'
import { pick } from '../../pages/picker.js'
import type { Preset } from '../../pages/torrent-fields.js'
import type { Job, Jobs } from '../../pages/jobs.js'

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
  /** The field of its form that is a list of paths. */
  readonly list?: string | undefined
  /** Shows the form, below what went wrong. */
  show(form: Form, error?: string): Answer | Promise<Answer>
  /**
   * Does what a form asks for.
   * @throws BtkitError, which is shown above the form
   */
  act(form: Form): Answer | Promise<Answer>
  /** Shows the result of one of its jobs. */
  result(job: Job): Answer
}

/** Answers a form: by a picker of files if it asks for one, or else by its tool. */
export async function answerForm(
  tool: Tool,
  given: Form,
  { places, directory }: Pick<Workshop, 'places' | 'directory'>,
): Promise<Answer> {
  const begin = places[0] ?? directory
  const form = pick(given, {
    page: (parts) => page({ ...parts, tool: tool.path }),
    action: tool.path,
    places,
    begin,
    list: tool.list,
  })
  if (!(form instanceof Form)) return form
  try {
    return await tool.act(form)
  } catch (error) {
    if (error instanceof BtkitError) return tool.show(form, error.message)
    throw error
  }
}
