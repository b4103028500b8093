import { type Masthead, renderMasthead, renderPage } from '../server/pages/layout.js'
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
  /** Why a form failed, shown above the content. The status is then 400 by default. */
  readonly error?: Pick<Error, 'message'> | undefined
  /** The way back to the first page, such as `../`. */
  readonly root?: string | undefined
  /** Seconds until a browser without scripts loads the page again. */
  readonly refresh?: number | undefined
  readonly status?: number | undefined
}

/** A browser keeps pages for its Back, also those that a form was answered with, and for nobody else. */
const CACHING = 'private, no-cache'
const HEADERS = { ...assetPageHeaders(), 'Cache-Control': CACHING }

/** Renders a page. The style, script and icon are files beside the first page. */
export function framePage(parts: PageParts, around: Masthead): Answer {
  const { title, content, error, root = '', refresh } = parts
  const status = parts.status ?? (error ? 400 : 200)
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
      header: renderMasthead(root, around),
    },
    html`<h1>${title}</h1>
      ${error ? problem(error) : null} ${content}`,
  )
  return { status, headers: HEADERS, body }
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

/** Shows what went wrong. */
export function problem({ message }: Pick<Error, 'message'>): Html {
  return html`<p class="error" role="alert">${message}</p>`
}

/** Answers with a file of the pages, such as their style. */
export function asset(type: string, body: string): Answer {
  const headers = {
    'Content-Type': `${type}; charset=utf-8`,
    'Cache-Control': CACHING,
    'X-Content-Type-Options': 'nosniff',
  }
  return { status: 200, headers, body }
}
