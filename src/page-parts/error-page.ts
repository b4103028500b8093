import { html, type HtmlValue } from '../base/text/html.js'
import { type PageFrame, renderPage } from './layout.js'
import { PAGE_SCRIPT } from './page-script.js'
import { capitalized } from './words.js'

/** An error as a browser shows it. */
interface ErrorPage extends Required<Pick<PageFrame, 'header' | 'site' | 'icon'>> {
  /** The line that other clients get. */
  readonly line: string
  /** Ways on, as items of a list. */
  readonly links: readonly HtmlValue[]
}

/** Renders an error as a page with ways on. */
export function renderErrorPage({ line, header, site, icon, links }: ErrorPage): string {
  const [title, advice] = inWords(line)
  return renderPage(
    { title, site, header, icon, head: PAGE_SCRIPT.element },
    html`<h1>${title}</h1>
      ${advice !== '' && html`<p>${capitalized(advice)}.</p>`}
      <ul>
        ${links}
      </ul>`,
  )
}

/** An error as a title, and what to do; a path at the beginning may contain any characters. */
function inWords(line: string): [title: string, advice: string] {
  const [, missing, way = ''] = /^(.*): not found(?:; (.*))?$/s.exec(line) ?? []
  if (missing !== undefined) return [`There is nothing at ${missing}`, way]
  const [, what = '', advice = ''] = /^(\/.*|[^;]*)(?:; (.*))?$/s.exec(line) ?? []
  return [capitalized(what), advice]
}
