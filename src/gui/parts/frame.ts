import { renderPage } from '../../server/pages/layout.js'
import { assetPageHeaders } from '../../server/pages/policy.js'
import { html, type Html, type HtmlValue } from '../../text/html.js'

/** The tools of the window, in the order of the menu. */
export const TOOLS = [
  { path: 'make', title: 'Make', text: 'Create the torrent of a file or directory' },
  { path: 'complete', title: 'Complete', text: 'Create what is missing in a directory of files' },
  { path: 'check', title: 'Check', text: 'Compare files with their torrent, piece by piece' },
  { path: 'edit', title: 'Edit', text: 'Change trackers, seeds, comments and names of torrents' },
] as const

/** The path of a tool. */
export type ToolPath = (typeof TOOLS)[number]['path']

/** The answer to a request: a page, a file, data, or the address of another page. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/** The parts of a page. */
export interface PageParts {
  readonly title: string
  /** The tool that the menu marks. */
  readonly tool?: ToolPath | undefined
  readonly content: HtmlValue
  /** The way back to the first page, such as `../`. */
  readonly root?: string | undefined
  /** Seconds until a browser without scripts loads the page again. */
  readonly refresh?: number | undefined
  readonly status?: number | undefined
}

const HEADERS = { ...assetPageHeaders(), 'Cache-Control': 'no-store' }

const GRID = 'M2 2h6v6H2zM9 2h6v6H9zM2 9h6v6H2zM9 9h6v6H9zM16 9h6v6h-6zM9 16h6v6H9zM16 16h6v6h-6z'

/** The logo as a file, for the browser's tab. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="#0b6e69" d="${GRID}"/></svg>`

/** A grid of pieces, some of which are missing. */
const LOGO = html`<svg viewBox="0 0 24 24" aria-hidden="true">
  <path fill="currentColor" d="${GRID}" />
</svg>`

/** Renders a page of the window. */
export function page(parts: PageParts): Answer {
  const { title, tool, content, root = '', refresh, status = 200 } = parts
  const reload =
    refresh !== undefined &&
    html`<noscript><meta http-equiv="refresh" content="${refresh}" /></noscript>`
  const body = renderPage(
    {
      title: `${title} - btkit`,
      head: html`<link rel="icon" href="${root}icon.svg" />
        <link rel="stylesheet" href="${root}style.css" />
        <script src="${root}script.js" defer></script>
        ${reload}`,
      header: header(root, tool),
    },
    html`<h1>${title}</h1>
      ${content}`,
  )
  return { status, headers: HEADERS, body }
}

function header(root: string, tool: ToolPath | undefined): Html {
  const links = TOOLS.map(({ path, title }) => {
    const current = path === tool && html` aria-current="page"`
    return html`<a href="${root}${path}" ${current}>${title}</a>`
  })
  return html`<a class="brand" href="${root}./">${LOGO} btkit</a>
    <nav aria-label="Tools">${links}</nav>
    <form method="post" action="${root}quit"><button>Quit</button></form>`
}

/** Sends the browser to another page after a change. */
export function seeOther(location: string): Answer {
  return { status: 303, headers: { ...HEADERS, Location: location }, body: '' }
}

/** Answers with data for a script. */
export function json(value: unknown): Answer {
  const headers = { ...HEADERS, 'Content-Type': 'application/json' }
  return { status: 200, headers, body: JSON.stringify(value) }
}

/** Shows what went wrong above a form. */
export function problem(error: string | null): Html | false {
  return error !== null && html`<p class="error" role="alert">${error}</p>`
}
