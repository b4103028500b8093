import { html, lines, type Html } from '../../text/html.js'
import { formatBytes } from '../../text/quantity.js'
import { openInside } from '../tree/open-inside.js'
import { MirrorView, type Mirror } from '../tree/mirror.js'
import { Refusal } from '../../server/answers/refusal.js'
import { addressOf } from './links.js'
import type { ListingRow } from './row.js'

/** Names of files that describe a directory, in small letters; the first is the best. */
const NAMES = ['readme', 'readme.md', 'readme.txt', 'readme.rst']

/** Most bytes of the file that are shown. */
const MAX_BYTES = 64 * 1024

/** Characters that choose between the looks of an emoji; they would be shown as escapes. */
const VARIATIONS = /[\ufe0e\ufe0f]/g

/** The beginning of a directory's README. */
export interface Readme {
  readonly row: ListingRow
  readonly text: string
  readonly isCut: boolean
}

/** The file that most likely describes its directory; null if there is none. */
export function findReadme(files: readonly ListingRow[]): ListingRow | null {
  const rank = ({ name }: ListingRow) => NAMES.indexOf(name.toLowerCase())
  const readmes = files.filter((row) => row.size > 0 && /^readme/i.test(row.name) && rank(row) >= 0)
  return readmes.sort((a, b) => rank(a) - rank(b))[0] ?? null
}

/** Reads the beginning of a README; null if it cannot be read. */
export async function readReadme(
  row: ListingRow,
  components: readonly string[],
  mirror: Mirror,
): Promise<Readme | null> {
  const bytes = await readStart([...components, row.name], mirror)
  if (!bytes) return null
  const isCut = bytes.length > MAX_BYTES
  // Shows nothing of a character that is cut in two
  const text = new TextDecoder().decode(bytes.subarray(0, MAX_BYTES), { stream: isCut })
  return { row, text: text.replace(VARIATIONS, ''), isCut }
}

/** Reads one byte more than is shown, if there is one. */
async function readStart(path: readonly string[], mirror: Mirror): Promise<Buffer | null> {
  try {
    const { handle } = await openInside(await new MirrorView(mirror).file(path), mirror)
    try {
      const buffer = Buffer.allocUnsafe(MAX_BYTES + 1)
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof Refusal) return null
    throw error
  }
}

/** The text of the file, below its name. */
export function renderReadme({ row, text, isCut }: Readme): Html {
  const rest = html`<p class="muted">
    The first ${formatBytes(MAX_BYTES)}. <a href="${addressOf(row)}">Show the whole file</a>
  </p>`
  return html`<section aria-labelledby="readme">
    <h2 id="readme">${row.name}</h2>
    <pre>${lines(text)}</pre>
    ${isCut && rest}
  </section>`
}
