import { STATUS_CODES } from 'node:http'
import { html, type HtmlValue } from '../../text/html.js'
import { renderPage } from './layout.js'
import { PAGE_SCRIPT } from './page-script.js'
import { pageHeaders } from './policy.js'
import { capitalized } from './words.js'

/** An error as a browser shows it. */
interface ErrorPage {
  readonly status: number
  /** The line that other clients get. */
  readonly line: string
  readonly header: HtmlValue
  /** The name of the site. */
  readonly site: string
  /** The address of the icon for the browser's tab. */
  readonly icon: string
  /** Ways on, as items of a list. */
  readonly links: readonly HtmlValue[]
}

/** The header fields of the page of an error. */
export const ERROR_HEADERS = pageHeaders(PAGE_SCRIPT)

/** Renders an error as a page with ways on. */
export function renderErrorPage({ status, line, header, site, icon, links }: ErrorPage): string {
  const title = `${status} ${STATUS_CODES[status] ?? ''}`
  return renderPage(
    { title, site, header, icon, head: PAGE_SCRIPT.element },
    html`<h1>${title}</h1>
      <p>${asSentence(line)}</p>
      <ul>
        ${links}
      </ul>`,
  )
}

/** An error as a sentence; one that begins with a path keeps it. */
function asSentence(line: string): string {
  return `${capitalized(line)}.`
}
