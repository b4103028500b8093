import { html, type HtmlValue } from '../base/text/html.js'
import type { Answer } from '../server/headers/answer.js'
import { type PageFrame, renderPage, renderTop } from './layout.js'
import { PAGE_SCRIPT } from './page-script.js'
import { capitalized } from './words.js'

/** An error as a browser shows it. */
interface ErrorPage extends Required<Pick<PageFrame, 'header' | 'site' | 'icon'>> {
  /** Ways on. */
  readonly links: readonly HtmlValue[]
}

/** Renders the line that other clients get for an error as a page with ways on. */
export function errorPage({ body }: Pick<Answer, 'body'>, { links, ...frame }: ErrorPage): Answer {
  const [title, advice] = inWords(String(body).trimEnd())
  return renderPage(
    { title, script: PAGE_SCRIPT, ...frame },
    html`${renderTop({ title })} ${advice !== '' && html`<p>${capitalized(advice)}.</p>`}
    ${links.map((link) => html`<p>${link}</p>`)}`,
  )
}

/** An error as a title, and what to do; a path at the beginning may contain any characters. */
function inWords(line: string): [title: string, advice: string] {
  const [, missing, way = ''] = /^(.*): not found(?:; (.*))?$/s.exec(line) ?? []
  if (missing !== undefined) return [`There is nothing at ${missing}`, way]
  const [, what = '', advice = ''] = /^(\/.*|[^;]*)(?:; (.*))?$/s.exec(line) ?? []
  return [capitalized(what), advice]
}
