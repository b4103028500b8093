import { addressOf, type ListingRow } from './listing.js'
import { type Mirror, readPublished } from '../tree/mirror.js'
import { formatMarkdown, MAX_MARKDOWN, VARIATIONS } from '../../page-parts/markdown.js'
import { html, type Html, lines } from '../../base/text/html.js'
import { formatBytes } from '../../base/text/quantity.js'

/** Names of files that describe a directory, in small letters; the first is the best. */
const NAMES = ['readme.md', 'readme.markdown', 'readme', 'readme.txt', 'readme.rst']

/** Most bytes of a plain file that are shown. */
const MAX_PLAIN = 64 * 1024

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
  const bytes = await readPublished([...components, row.name], most, mirror)
  if (!bytes) return null
  const isCut = bytes.length > most
  // Shows nothing of a character that is cut in two
  const decoded = new TextDecoder().decode(bytes.subarray(0, most), { stream: isCut })
  const text = decoded.replace(VARIATIONS, '')
  const markdown = isMarkdown ? await formatMarkdown(text) : null
  return { row, content: markdown ?? html`<pre>${lines(text)}</pre>`, cutAt: isCut ? most : null }
}

/** The text of the file, below its name. */
export function renderReadme({ row, content, cutAt }: Readme): Html {
  const rest =
    cutAt !== null &&
    html`<p class="muted">
      The first ${formatBytes(cutAt)}. <a href="${addressOf(row)}">Show the whole file</a>
    </p>`
  return html`<section class="card readme" aria-labelledby="readme">
    <h2 id="readme">${row.name}</h2>
    ${content} ${rest}
  </section>`
}
