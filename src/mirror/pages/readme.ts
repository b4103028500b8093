import { LRUCache } from 'lru-cache'
import type { MarkdownIt, Token } from 'markdown-it'
import { digestOf } from '../../bytes.js'
import { addressOf, type ListingRow } from './listing.js'
import { readBeginning } from '../tree/open-looked.js'
import { type Mirror, MirrorView } from '../tree/mirror.js'
import { Refusal } from '../../server/answers/refusal.js'
import { formatted, html, type Html, lines } from '../../text/html.js'
import { formatBytes } from '../../text/quantity.js'

/** Names of files that describe a directory, in small letters; the first is the best. */
const NAMES = ['readme.md', 'readme.markdown', 'readme', 'readme.txt', 'readme.rst']

/** Most bytes of a plain file that are shown. */
const MAX_PLAIN = 64 * 1024

/** Characters that choose between the looks of an emoji; they would be shown as escapes. */
const VARIATIONS = /[\ufe0e\ufe0f]/g

/** The beginning of a directory's README. */
export interface Readme {
  readonly row: ListingRow
  readonly content: Html
  /** Most bytes that are shown; null if these are all. */
  readonly cutAt: number | null
}

/** The file that most likely describes its directory; null if there is none. */
export function findReadme(files: readonly ListingRow[]): ListingRow | null {
  const rank = ({ name }: ListingRow) => NAMES.indexOf(name.toLowerCase())
  const readmes = files.filter((row) => row.size > 0 && /^readme/i.test(row.name) && rank(row) >= 0)
  return readmes.sort((a, b) => rank(a) - rank(b))[0] ?? null
}

/** Reads the beginning of a README, and formats Markdown; null if it cannot be read. */
export async function readReadme(
  row: ListingRow,
  components: readonly string[],
  mirror: Mirror,
): Promise<Readme | null> {
  const isMarkdown = /\.(?:md|markdown)$/i.test(row.name)
  const most = isMarkdown ? MAX_MARKDOWN : MAX_PLAIN
  const bytes = await readStart([...components, row.name], most, mirror)
  if (!bytes) return null
  const isCut = bytes.length > most
  // Shows nothing of a character that is cut in two
  const decoded = new TextDecoder().decode(bytes.subarray(0, most), { stream: isCut })
  const text = decoded.replace(VARIATIONS, '')
  const markdown = isMarkdown ? await formatMarkdown(text) : null
  return { row, content: markdown ?? html`<pre>${lines(text)}</pre>`, cutAt: isCut ? most : null }
}

/** Reads one byte more than is shown, if there is one. */
async function readStart(
  path: readonly string[],
  most: number,
  mirror: Mirror,
): Promise<Buffer | null> {
  try {
    return await readBeginning(await new MirrorView(mirror).file(path), most + 1)
  } catch (error) {
    if (error instanceof Refusal) return null
    throw error
  }
}

/** The text of the file, below its name. */
export function renderReadme({ row, content, cutAt }: Readme): Html {
  const rest =
    cutAt !== null &&
    html`<p class="muted">
      The first ${formatBytes(cutAt)}. <a href="${addressOf(row)}">Show the whole file</a>
    </p>`
  return html`<section class="readme" aria-labelledby="readme">
    <h2 id="readme">${row.name}</h2>
    ${content} ${rest}
  </section>`
}

/** Most bytes of a text that is formatted: it takes at most some tenths of a second. */
export const MAX_MARKDOWN = 32 * 1024

/** The most tokens that are formatted: empty cells of a table give much HTML for few characters. */
const MAX_TOKENS = 20_000

/** Most characters of all addresses in a text: a text may repeat a long one at little cost. */
const MAX_ADDRESSES = 128 * 1024

/** Characters of formatted texts that are kept. */
const KEPT = 4 * 1024 * 1024

const kept = new LRUCache<string, { readonly page: Html | null }>({
  maxSize: KEPT,
  sizeCalculation: ({ page }) => 100 + (page?.text.length ?? 0),
})

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
  for (const token of tokens) tame(token)
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
function isSafeLink(address: string): boolean {
  return /^https?:\/\//i.test(address) || !/^[^/?#]*:/.test(address)
}

/** The number of characters in all addresses. */
function addressesIn(tokens: readonly Token[]): number {
  return tokens.reduce((sum, { attrs, children }) => {
    const own = attrs?.reduce((length, [, value]) => length + value.length, 0) ?? 0
    return sum + own + (children ? addressesIn(children) : 0)
  }, 0)
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
