import { Html, html, type HtmlValue } from '../../text/html.js'
import type { InlineStyle } from './policy.js'
import { STYLE } from './style.js'

/** The parts of a page around its content. */
export interface PageFrame {
  readonly title: string
  /** A further style, which the page's policy must name. */
  readonly style?: InlineStyle
  /** Further elements of the head, such as links and metadata. */
  readonly head?: HtmlValue
  /** Shown before the content on each page of its kind, such as the way back. */
  readonly header?: HtmlValue
  readonly footer?: HtmlValue
}

/** The text before a page's content and after it, for content that is rendered in parts. */
export interface RenderedFrame {
  readonly start: string
  readonly end: string
}

/** Marks the place of the content, which is inserted elsewhere. */
const CONTENT = '\u0000'

/** Renders the frame of a page; its values are escaped by `html`. */
export function renderFrame({ title, style, head, header, footer }: PageFrame): RenderedFrame {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        ${new Html(`<style>${STYLE}</style>`)} ${style?.element ?? null} ${head ?? null}
      </head>
      <body>
        ${
          header !== undefined &&
          html`<a class="skip" href="#content">Skip to the content</a>
            <header>${header}</header>`
        }
        <main id="content">${new Html(CONTENT)}</main>
        ${footer !== undefined && html`<footer>${footer}</footer>`}
      </body>
    </html> `
  const [start = '', end = ''] = page.text.split(CONTENT)
  return { start, end }
}

/** Renders a whole page. */
export function renderPage(frame: PageFrame, ...content: readonly HtmlValue[]): string {
  const { start, end } = renderFrame(frame)
  return start + html`${content}`.text + end
}
