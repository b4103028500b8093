import { escapeText } from './escape.js'

/** Text that is already HTML. Only `html` creates it. */
export class Html {
  constructor(readonly text: string) {}
}

/** A value in a template: untrusted text, HTML, a list of values, or nothing. */
export type HtmlValue = string | number | Html | readonly HtmlValue[] | null | false

/**
 * Builds HTML from a template. Every value is escaped, in an element as in a quoted attribute,
 * except HTML that `html` made. Characters that are invisible or change the text direction become
 * visible escapes.
 *
 * Values must not stand in scripts, styles or unquoted attributes. An `href` must not contain
 * untrusted text.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const parts = compact(strings)
  // String.raw takes twice as long
  let text = parts[0] ?? ''
  values.forEach((value, i) => (text += render(value) + (parts[i + 1] ?? '')))
  return new Html(text)
}

const compacted = new WeakMap<TemplateStringsArray, readonly string[]>()

/** The texts of a template without the indentation of their lines. */
function compact(strings: TemplateStringsArray): readonly string[] {
  const known = compacted.get(strings)
  if (known) return known
  const parts = strings.map((text) => text.replace(/\n\s+/g, '\n'))
  compacted.set(strings, parts)
  return parts
}

/** Escapes text of several lines for a `pre` element. Line ends and tabs are kept. */
export function lines(text: string): Html {
  return new Html(inLines(text, escapeHtml))
}

/**
 * Takes HTML that a formatter made of untrusted text. The formatter must have escaped the markup in
 * that text; invisible characters become visible escapes here.
 */
export function formatted(markup: string): Html {
  return new Html(inLines(markup, escapeText))
}

/** Escapes everything between line ends and tabs. */
function inLines(text: string, escape: (text: string) => string): string {
  const escaped = text.split(/\r\n?|\n/).map((line) => line.split('\t').map(escape).join('\t'))
  return escaped.join('\n')
}

/**
 * Escapes the value of a form's field, which comes back as it is. Unlike other text, it may have
 * invisible characters.
 */
export function fieldValue(text: string): Html {
  return new Html(escapeMarkup(text))
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
  return escapeMarkup(escapeText(text))
}

function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
