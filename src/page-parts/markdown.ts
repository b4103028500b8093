import { LRUCache } from 'lru-cache'
import type { MarkdownIt, Token } from 'markdown-it'
import { digestOf } from '../base/bytes.js'
import { formatted, type Html, lines } from '../base/text/html.js'

/** Most bytes of a text that is formatted: it takes at most some tenths of a second. */
export const MAX_MARKDOWN = 32 * 1024

/** The most tokens that are formatted: empty cells of a table give much HTML for few characters. */
const MAX_TOKENS = 20_000

/** Most characters of all addresses in a text: a text may repeat a long one at little cost. */
const MAX_ADDRESSES = 128 * 1024

/**
 * Characters of formatted texts that are kept: a README of 32 KiB may take 0.2 s, in which nobody
 * else is answered.
 */
const KEPT = 4 * 1024 * 1024

const kept = new LRUCache<string, { readonly page: Html | null }>({
  maxSize: KEPT,
  sizeCalculation: ({ page }) => 100 + (page?.text.length ?? 0),
})

/** Characters that choose between the looks of an emoji; they would be shown as escapes. */
export const VARIATIONS = /[\ufe0e\ufe0f]/g

let loading: Promise<MarkdownIt> | null = null

/**
 * Formats Markdown from a stranger. HTML in it is text. Links lead to http, https or this server;
 * pictures are not loaded, and their descriptions stand for them. Null if the result would be too
 * large.
 */
export async function formatMarkdown(text: string): Promise<Html | null> {
  const key = digestOf('sha1', Buffer.from(text)).toString('base64')
  const before = kept.get(key)
  if (before) return before.page
  const markdown = await (loading ??= loadMarkdown())
  const page = render(markdown, text)
  kept.set(key, { page })
  return page
}

function render(markdown: MarkdownIt, text: string): Html | null {
  const tokens = markdown.parse(text, {})
  if (tokens.length > MAX_TOKENS || addressesIn(tokens) > MAX_ADDRESSES) return null
  for (const [at, token] of tokens.entries()) {
    tame(token)
    if (tokens[at - 2]?.type === 'list_item_open') boxTask(token)
  }
  return formatted(markdown.renderer.render(tokens, markdown.options, {}))
}

/** Most commands never format anything, so the library is loaded for the first text. */
async function loadMarkdown(): Promise<MarkdownIt> {
  const { default: create } = await import('markdown-it')
  // Finds HTML, so that comments can be left out; the rules below escape all of it
  const markdown = new create('default', { html: true, maxNesting: 20 })
  markdown.validateLink = isSafeLink
  Object.assign(markdown.renderer.rules, {
    html_block: (tokens: readonly Token[], i: number) => paragraphOf(tokens[i]?.content ?? ''),
    html_inline: (tokens: readonly Token[], i: number) => textOf(tokens[i]?.content ?? ''),
    table_open: () => '<div class="scroll" tabindex="0"><table>\n',
    table_close: () => '</table></div>\n',
  })
  return markdown
}

/** HTML as text; nothing for a comment. */
function textOf(markup: string): string {
  return /^\s*<!--.*-->\s*$/s.test(markup) ? '' : lines(markup).text
}

function paragraphOf(markup: string): string {
  const text = textOf(markup)
  return text === '' ? '' : `<p>${text}</p>\n`
}

/** Whether a link leads to http, https, or an address relative to the page. */
export function isSafeLink(address: string): boolean {
  return /^https?:\/\//i.test(address) || !/^[^/?#]*:/.test(address)
}

/** The number of characters in all addresses. */
function addressesIn(tokens: readonly Token[]): number {
  return tokens.reduce((sum, { attrs, children }) => {
    const own = attrs?.reduce((length, [, value]) => length + value.length, 0) ?? 0
    return sum + own + (children ? addressesIn(children) : 0)
  }, 0)
}

/** A task of a list, which begins with `[ ]` or `[x]`, has a box as on GitHub. */
function boxTask({ children }: Token): void {
  const [first] = children ?? []
  if (first)
    first.content = first.content.replace(/^\[([ x])\](?= )/i, (_, done) =>
      done === ' ' ? '☐' : '☑',
    )
}

const KEPT_ATTRIBUTES = ['href', 'start']

/** Fits a part of the text into a page: no picture, no inline style, headings below the page's. */
function tame(token: Token): void {
  const isNumeric = token.attrs?.some(([, value]) => value === 'text-align:right') ?? false
  token.attrs = token.attrs?.filter(([name]) => KEPT_ATTRIBUTES.includes(name)) ?? null
  if (isNumeric) token.attrs = [['class', 'n']]
  // The language of a fenced block would become a class
  token.info = ''
  if (token.type.startsWith('heading_')) {
    token.tag = `h${Math.min(6, Number(token.tag.slice(1)) + 2)}`
  }
  if (token.type === 'image') {
    token.type = 'text'
    token.content ||= 'picture'
    token.children = null
  }
  for (const child of token.children ?? []) tame(child)
}
