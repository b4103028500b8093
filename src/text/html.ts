import { escapeText } from './escape.js'

/** Text that is HTML already, as only `html` makes it. */
export class Html {
  constructor(readonly text: string) {}
}

/** What may stand in a template: text of anybody, HTML, many of these, or nothing. */
export type HtmlValue = string | number | Html | readonly HtmlValue[] | null | false

/**
 * HTML from a template. All values are text, whoever wrote them, and come out as that text, be it
 * in an element or in a quoted attribute; only what `html` made itself is left as it is. Characters
 * that are invisible or turn the direction of text become visible escapes. Values must not stand in
 * scripts, styles, or attributes without quotes, and those in `href` must not be a stranger's.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(String.raw({ raw: strings }, ...values.map(render)))
}

/** Text of several lines for a `pre` element: their ends and tabs are left, all else is as ever. */
export function lines(text: string): Html {
  const escaped = text.split(/\r\n?|\n/).map((line) => line.split('\t').map(escapeHtml).join('\t'))
  return new Html(escaped.join('\n'))
}

function render(value: HtmlValue): string {
  if (value instanceof Html) return value.text
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  return value === null || value === false ? '' : value.map(render).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return escapeText(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
