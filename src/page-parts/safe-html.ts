import { formatted, html, type Html } from '../base/text/html.js'
import { isSafeLink } from './markdown.js'

/** The elements that are kept; all others leave only their text. */
const KEPT =
  /^(?:a|abbr|b|blockquote|br|center|cite|code|dd|del|div|dl|dt|em|h[3-6]|header|hr|i|ins|kbd|li|nav|ol|p|pre|q|s|section|small|span|strong|sub|sup|table|tbody|td|tfoot|th|thead|tr|u|ul)$/

/** A comment, an element that goes with its text, a tag, or text. */
const PART =
  /<!--.*?(?:-->|$)|<[!?][^>]*>|<(script|style|title|template|noscript|iframe|object|svg|math|select|textarea)\b.*?(?:<\/\1\b[^>]*>|$)|<(?<end>\/?)(?<name>[a-z][a-z\d]*)(?<rest>(?:[^<>"']|"[^"]*"|'[^']*')*)>|(?<text><|[^<]+)/gis

const ATTRIBUTE = /\b(href|class|title)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi

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
    const [, alt = ''] = /\balt\s*=\s*"([^"]*)"/i.exec(rest) ?? []
    if (kept === 'img') return alt.replaceAll('<', '&lt;')
    if (!KEPT.test(kept)) return ''
    const at = open.lastIndexOf(kept)
    if (end) return at < 0 ? '' : closeFrom(at)
    if (kept !== 'br' && kept !== 'hr') open.push(kept)
    return `<${kept}${attributesOf(rest)}>`
  })
  return formatted(parts.join('') + closeFrom(0))
}

/** The attributes of a tag that are kept. References to characters, except `&amp;`, become text. */
function attributesOf(tag: string): string {
  const kept = [...tag.matchAll(ATTRIBUTE)].map(([, name = '', ...values]) => {
    const value = values.join('').replaceAll('&amp;', '&').replace(/\s+/g, ' ')
    const isSafe = !/^href$/i.test(name) || isSafeLink(value)
    return isSafe ? ` ${name}="${html`${value}`.text}"` : ''
  })
  return kept.join('')
}
