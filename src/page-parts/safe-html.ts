import { formatted, html, type Html } from '../base/text/html.js'
import { isSafeLink } from './markdown.js'

/** The elements that are kept; all others leave only their text. */
const KEPT =
  /^(?:a|abbr|b|blockquote|br|center|cite|code|dd|del|div|dl|dt|em|h[3-6]|header|hr|i|ins|kbd|li|nav|ol|p|pre|q|s|section|small|span|strong|sub|sup|table|tbody|td|tfoot|th|thead|tr|u|ul)$/

/** A comment, an element that goes with its text, a tag, or text. */
const PART =
  /<!--.*?(?:-->|$)|<[!?][^>]*>|<(script|style|title|template|noscript|iframe|object|svg|math|select|textarea)\b.*?(?:<\/\1\b[^>]*>|$)|<(?<end>\/?)(?<name>[a-z][a-z\d]*)(?<rest>(?:[^<>"']|"[^"]*"|'[^']*')*)>|(?<text><|[^<]+)/gis

/** An attribute of a tag, whose value may be in quotes of both kinds, in none, or absent. */
const ATTRIBUTE = /([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g

/** A reference to a character behind its escaped ampersand. */
const REFERENCE = /&amp;(?=(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});)/gi

/**
 * Returns HTML as safe as formatted Markdown: without scripts, styles and forms, with links only to
 * http, https or this server, and descriptions for pictures. Headings are below the page's.
 */
export function formatHtml(markup: string): Html {
  const open: string[] = []
  const closeFrom = (at: number) => {
    return open.splice(at).reduceRight((tags, name) => `${tags}</${name}>`, '')
  }
  const parts = [...markup.matchAll(PART)].map(({ groups = {} }) => {
    const { end, name = '', rest = '', text } = groups
    if (text !== undefined) return text === '<' ? '&lt;' : text
    const kept = name.toLowerCase().replace(/(?<=^h)[1-4]$/, (level) => `${Number(level) + 2}`)
    if (kept === 'img') return attributesIn(rest).get('alt')?.replaceAll('<', '&lt;') ?? ''
    if (!KEPT.test(kept)) return ''
    const at = open.lastIndexOf(kept)
    if (end) return at < 0 ? '' : closeFrom(at)
    if (kept !== 'br' && kept !== 'hr') open.push(kept)
    return `<${kept}${attributesOf(rest)}>`
  })
  return formatted(parts.join('') + closeFrom(0))
}

/**
 * The attributes of a tag by their names in lower case. As browsers do, the first of a name counts.
 */
function attributesIn(tag: string): Map<string, string> {
  const all = [...tag.matchAll(ATTRIBUTE)].map(([, name = '', ...values]) => {
    return [name.toLowerCase(), values.join('').replace(/\s+/g, ' ')] as const
  })
  return new Map(all.reverse())
}

/** The attributes of a tag that are kept. */
function attributesOf(tag: string): string {
  const all = attributesIn(tag)
  const kept = ['href', 'class', 'title'].flatMap((name) => {
    const value = all.get(name)
    if (value === undefined || (name === 'href' && !isSafeLink(value))) return []
    // In front of a slash, a reference could be the colon of a scheme
    const isOpen = name === 'href' && !/^[^&]*[/?#]/.test(value)
    const plain = isOpen ? value.replaceAll('&amp;', '&') : value
    const escaped = html`${plain}`.text
    return ` ${name}="${isOpen ? escaped : escaped.replace(REFERENCE, '&')}"`
  })
  return kept.join('')
}
