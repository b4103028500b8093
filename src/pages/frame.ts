import { renderPage } from '../server/pages/layout.js'
import { assetPageHeaders } from '../server/pages/policy.js'
import { html, type Html, type HtmlValue } from '../text/html.js'

/** The answer to a request: a page, a file, data, or the address of another page. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/** The parts of a page. */
export interface PageParts {
  readonly title: string
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

/** A page that the menu leads to. */
export interface MenuEntry {
  /** Below the first page. */
  readonly path: string
  readonly title: string
  readonly isCurrent: boolean
}

/** The parts of a page around its content, the same on all pages of a kind. */
export interface Surroundings {
  /** Stands beside the logo and in the title. */
  readonly name: string
  readonly menu: readonly MenuEntry[]
  /** Names the menu for screen readers. */
  readonly label: string
  /** The end of the header, such as a button that ends the program. */
  readonly end: HtmlValue
}

/** Renders a page. The style, script and icon are files beside the first page. */
export function framePage(parts: PageParts, around: Surroundings): Answer {
  const { title, content, root = '', refresh, status = 200 } = parts
  const reload =
    refresh !== undefined &&
    html`<noscript><meta http-equiv="refresh" content="${refresh}" /></noscript>`
  const body = renderPage(
    {
      title: `${title} - ${around.name}`,
      head: html`<link rel="icon" href="${root}icon.svg" />
        <link rel="stylesheet" href="${root}style.css" />
        <script src="${root}script.js" defer></script>
        ${reload}`,
      header: header(root, around),
    },
    html`<h1>${title}</h1>
      ${content}`,
  )
  return { status, headers: HEADERS, body }
}

function header(root: string, { name, menu, label, end }: Surroundings): Html {
  const links = menu.map(({ path, title, isCurrent }) => {
    const current = isCurrent && html` aria-current="page"`
    return html`<a href="${root}${path}" ${current}>${title}</a>`
  })
  return html`<a class="brand" href="${root}./">${LOGO} ${name}</a>
    <nav aria-label="${label}">${links}</nav>
    ${end}`
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

/** Answers with a file of the pages, such as their style. */
export function asset(type: string, body: string): Answer {
  const headers = {
    'Content-Type': `${type}; charset=utf-8`,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  }
  return { status: 200, headers, body }
}
