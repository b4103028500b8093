import type { FormPage } from '../pages/picker.js'
import { type Answer, framePage, type PageParts } from '../pages/frame.js'
import type { Job, JobFacts, Jobs } from '../pages/jobs.js'
import { SCRIPT } from '../pages/script.js'
import type { Preset } from '../pages/torrent-fields.js'
import { html } from '../text/html.js'
import type { UserClient } from '../work/seed-torrent.js'
import type { ThreadRequest, WorkTable } from '../work/work-program.js'
import type { WorkThread } from '../work/work-thread.js'

/** The tools of the window, in the order of the menu. */
export const TOOLS = [
  { path: 'make', title: 'Create', text: 'Create the torrent of a file or directory' },
  {
    path: 'complete',
    title: 'Create many',
    text: 'Create the torrents that files of a directory lack',
  },
  { path: 'look', title: 'Inspect', text: 'See what is in a torrent, with its magnet link' },
  { path: 'check', title: 'Verify', text: 'Compare files with their torrent, piece by piece' },
  { path: 'edit', title: 'Edit', text: 'Change trackers, seeds, comments and names of torrents' },
] as const

/** The path of a tool. */
export type ToolPath = (typeof TOOLS)[number]['path']

/** A page of the window, and the tool that the menu marks. */
type WindowParts = PageParts & { readonly tool?: ToolPath | undefined }

/** Renders a page of the window. */
export function page({ tool, ...parts }: WindowParts): Answer {
  const { root = '' } = parts
  return framePage(parts, {
    name: 'btkit',
    label: 'Tools',
    menu: TOOLS.map(({ path, title }) => ({ path, title, isCurrent: path === tool })),
    end: html`<form method="post" action="${root}quit"><button>Quit</button></form>`,
  })
}

/**
 * The script of all pages. It holds a connection; when the last one closes, the program ends. A page
 * that Back shows again needs another.
 */
export const WINDOW_SCRIPT = `${SCRIPT}
let alive
addEventListener('pageshow', () => {
  alive ??= new EventSource(new URL('alive', base))
})
addEventListener('pagehide', () => {
  alive?.close()
  alive = undefined
})
`

/** The parts that all tools share. */
export interface Workshop {
  readonly jobs: Jobs
  /** Where relative paths begin. */
  readonly directory: string
  /** Directories that pickers offer. */
  readonly places: readonly string[]
  readonly presets: readonly Preset[]
  /** The thread that does what takes long. */
  readonly work: WorkThread
  /**
   * Milliseconds that a form waits for its work. Mistakes found meanwhile are shown above the form, and
   * later ones on the page of the work.
   */
  readonly patience: number
  /** Records of the torrents that btkit made in directories. */
  readonly stateDirectory: string
  readonly threads: number | undefined
  /** The user's client, which may seed what is made; null for none. */
  readonly client: UserClient | null
}

/** A tool of the window: a form, what it does, and the page of its result. */
export interface Tool extends Pick<FormPage, 'show' | 'act'> {
  readonly path: ToolPath
  /** The field that is a list of paths. */
  readonly list?: string
  /** Shows the result of one of its jobs. A tool without it has no jobs. */
  readonly result?: (job: Job) => Answer
}

/** Work that a form asks for. */
interface NewWork<Name extends keyof WorkTable> {
  readonly about: JobFacts
  readonly name: Name
  readonly request: ThreadRequest<Name>
}

/**
 * Starts work, waits a moment for it, and sends the browser to its page.
 * @throws BtkitError if the work fails meanwhile
 */
export function startWork<Name extends keyof WorkTable>(
  { jobs, work, patience }: Workshop,
  { about, name, request }: NewWork<Name>,
): Promise<Job> {
  return jobs.begin(about, (run) => work.run(name, request, run), patience)
}

/** The form of a tool with its pickers of files. */
export function formOfTool(tool: Tool, { places, directory }: Workshop): FormPage {
  const { path, list } = tool
  const begin = places[0] ?? directory
  return {
    show: (form, error) => tool.show(form, error),
    act: (form) => tool.act(form),
    picking: { page: (parts) => page({ ...parts, tool: path }), action: path, places, begin, list },
  }
}
