import type { Cache } from '../../library/cache.js'
import type { Answer } from '../../pages/frame.js'
import { page, type ToolPath } from '../window.js'
import type { FormPage } from '../../pages/form-page.js'
import type { PickRules } from '../../pages/picker.js'
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
export interface Tool extends FormPage {
  readonly path: ToolPath
  /** Shows the result of one of its jobs. */
  readonly result: (job: Job) => Answer
}

/** The rules of a tool's pickers; the field `list` is a list of paths. */
export function pickingFor(
  tool: ToolPath,
  { places, directory }: Workshop,
  list?: string,
): PickRules {
  const begin = places[0] ?? directory
  return { page: (parts) => page({ ...parts, tool }), action: tool, places, begin, list }
}
