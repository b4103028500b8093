import { version } from '../base/process.js'
import { type Html, html, type HtmlValue } from '../base/text/html.js'
import type { Answer } from '../server/headers/answer.js'
import { type InlineStyle, type PageCode, policyFor, USUAL_STYLE } from './policy.js'

/** The site that a page is part of. Its operator may add a header and a last style to all pages. */
export interface PageSite {
  readonly name: string
  readonly header?: Html | null
  readonly style?: InlineStyle | null
}

export type SiteLook = Omit<PageSite, 'name'>

/** The parts of a page around its content. */
export interface PageFrame {
  readonly title: string
  /** Its name ends the title. */
  readonly site?: PageSite
  /** Describes the page where other sites make previews of links to it. */
  readonly description?: string | null
  /** Its style, if it is not the usual one, and its script (default: none). */
  readonly style?: PageCode
  readonly script?: PageCode | null
  /** The address of the icon for the browser's tab. */
  readonly icon?: string
  /** Further elements of the head, such as links and metadata. */
  readonly head?: HtmlValue
  /** Shown before the content on each page of its kind, such as the way back. */
  readonly header?: HtmlValue
  /** Before the version of the program, in one line. */
  readonly footer?: HtmlValue
  /** The status of the answer (default: 200). */
  readonly status?: number
  /** Further header fields; by default, it is checked before each use. */
  readonly headers?: Answer['headers']
}

/** A page as an answer. */
export interface Page extends Answer {
  readonly body: string
}

/** Answers with a whole page; the values are escaped by `html`. */
export function renderPage(frame: PageFrame, ...content: readonly HtmlValue[]): Page {
  const { title, site, description, icon, head, header, footer, status = 200 } = frame
  const { style = USUAL_STYLE, script = null } = frame
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policyFor(script, [site?.style ?? [], style].flat()),
    'Cache-Control': 'no-cache',
    ...frame.headers,
  }
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}${site !== undefined && ` - ${site.name}`}</title>
        ${description != null && openGraph(title, site?.name ?? '', description)}
        ${icon !== undefined && html`<link rel="icon" href="${icon}" />`} ${style.element}
        ${site?.style?.element ?? null} ${head ?? null} ${script && script.element}
      </head>
      <body>
        ${
          header !== undefined &&
          html`<a class="skip" href="#content">Skip to the content</a>
            <header>${header}</header>`
        }
        <main id="content">${content}</main>
        ${header !== undefined && html`<footer>${footer ?? null} ${PROGRAM}</footer>`}
      </body>
    </html> `
  return { status, headers, body: page.text }
}

const PROGRAM = html`<span>btkit ${version()}</span>`

/** Elements from which other sites make previews of links. */
function openGraph(title: string, site: string, description: string): Html {
  return html`<meta property="og:title" content="${title}" />
    <meta property="og:description" content="${description}" />
    <meta property="og:type" content="website" />
    <meta property="og:site_name" content="${site}" />
    <meta name="description" content="${description}" />`
}

/** A place above that of a page. */
export interface Step {
  readonly address: string
  readonly title: string
}

/** The head of the content of a page. */
interface PageTop {
  readonly title: HtmlValue
  /** The places above it. */
  readonly above?: readonly Step[] | undefined
  /** Figures beside the title. */
  readonly sub?: HtmlValue
  /** Buttons for the whole page. */
  readonly acts?: HtmlValue
}

/** Renders the title of a page, the way to it above, and what can be done with it beside. */
export function renderTop({ title, above = [], sub = null, acts = null }: PageTop): Html {
  const steps = above.map((step) => html`<a href="${step.address}">${step.title}</a> / `)
  return html`<div class="heading">
    <div>
      ${steps.length > 0 && html`<nav class="path" aria-label="Path">${steps}</nav>`}
      <h1>${title}</h1>
    </div>
    ${sub && html`<p class="sub">${sub}</p>`} ${acts && html`<div class="acts">${acts}</div>`}
  </div>`
}

/** A part of a page in a frame, with its title inside. */
export function renderCard(title: string, content: HtmlValue): Html {
  return html`<section class="card" aria-label="${title}">
    <h2>${title}</h2>
    ${content}
  </section>`
}

const GRID = 'M2 2h6v6H2zM9 2h6v6H9zM2 9h6v6H2zM9 9h6v6H9zM16 9h6v6h-6zM9 16h6v6H9zM16 16h6v6h-6z'

/** The logo as a file, for the browser's tab. */
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="#0b6e69" d="${GRID}"/></svg>`

/** Answers with the icon for the browser's tab: these bytes, or the logo. */
export function iconAnswer(bytes: Uint8Array | null): Answer {
  const headers = {
    'Content-Type': bytes ? 'image/x-icon' : 'image/svg+xml',
    'Cache-Control': 'max-age=86400',
  }
  return { status: 200, headers, body: bytes ?? ICON }
}

/** A grid of pieces, some of which are missing. */
const LOGO = html`<svg viewBox="0 0 24 24" aria-hidden="true">
  <path fill="currentColor" d="${GRID}" />
</svg>`

/** A page that the menu leads to. */
export interface MenuEntry {
  /** Below the first page, or a whole URL. */
  readonly path: string
  readonly title: string
  readonly isCurrent: boolean
}

/** The head of pages, the same on all pages of a kind: logo, the name of the site, and menu. */
export interface Masthead extends Pick<PageSite, 'name' | 'header'> {
  readonly menu: readonly MenuEntry[]
  /** Names the menu for screen readers. */
  readonly label: string
  /** The address to which the logo leads, as those of the menu; default: the first page. */
  readonly home?: string
  /** The end of the bar: the search, and who is logged in. */
  readonly end?: HtmlValue
}

/** Renders the head of a page; `root` is the way back to the first page, such as `../`. */
export function renderMasthead(root: string, masthead: Masthead): Html {
  const { name, header = null, menu, label, home = './', end } = masthead
  const from = (path: string) => (URL.canParse(path) ? path : root + path)
  const links = menu.map(({ path, title, isCurrent }) => {
    const current = isCurrent && html` aria-current="page"`
    return html`<a href="${from(path)}" ${current}>${title}</a>`
  })
  return html`${header}
    <div class="bar">
      <a class="brand" href="${from(home)}">${LOGO} ${name}</a>
      ${links.length > 0 && html`<nav aria-label="${label}">${links}</nav>`}
      ${end != null && html`<div class="end">${end}</div>`}
    </div>`
}
