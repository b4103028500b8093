import { Html, html, type HtmlValue } from '../../text/html.js'
import { STYLE } from './style.js'

/** What stands around the content of a page. */
export interface PageFrame {
  readonly title: string
  /** More for the head, such as links and metadata. */
  readonly head?: HtmlValue
  /** What comes before the content on each page of its kind, such as the way back. */
  readonly header?: HtmlValue
  readonly footer?: HtmlValue
}

/** The text before a page's content and the text after it, for content that is rendered in parts. */
export interface RenderedFrame {
  readonly start: string
  readonly end: string
}

/** Stands for the content, which is put together with the frame elsewhere. */
const CONTENT = '\u0000'

/** What stands around the content of a page, which is to be HTML as `html` makes it. */
export function renderFrame({ title, head, header, footer }: PageFrame): RenderedFrame {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        ${new Html(`<style>${STYLE}</style>`)} ${head ?? null}
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

/** A whole page around what it is about. */
export function renderPage(frame: PageFrame, ...content: readonly HtmlValue[]): string {
  const { start, end } = renderFrame(frame)
  return start + html`${content}`.text + end
}
