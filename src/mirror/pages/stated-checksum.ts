import type { Mirror } from '../tree/mirror.js'
import { html, type Html } from '../../text/html.js'
import { readStart } from './readme.js'

/** Most bytes of a list of checksums that is read for a page. */
const MOST = 1024 * 1024

/** The list of a whole directory, as sha256sum writes it. */
const OF_ALL = 'SHA256SUMS'

/** Says whether the lists beside a file have its SHA-256; a warning comes first. Null if none names it. */
export async function renderStated(
  components: readonly string[],
  sha256: Uint8Array,
  mirror: Mirror,
): Promise<Html | null> {
  const name = components.at(-1) ?? ''
  let match: Html | null = null
  for (const list of [`${name}.sha256`, OF_ALL]) {
    const bytes = await readStart([...components.slice(0, -1), list], MOST, mirror)
    const stated = bytes && bytes.length <= MOST ? digestsOf(bytes.toString(), name, list) : []
    if (stated.length === 0) continue
    const link = html`<a href="./${encodeURIComponent(list)}">${list}</a>`
    if (!stated.includes(Buffer.from(sha256).toString('hex')))
      return html`<p class="note"><b>Warning:</b> ${link} has another checksum for this file.</p>`
    match ??= html`<span class="seeds">✓ matches ${link}</span>`
  }
  return match
}

/** The digests that a list has for a name; a list of one file may leave out the name. */
function digestsOf(text: string, name: string, list: string): string[] {
  const lines = text.split('\n').map((line) => line.trimEnd())
  const own = lines.filter((line) => line.endsWith(name) || (list !== OF_ALL && line.length === 64))
  return own.flatMap((line) => {
    const [, digest, path = name] = /^([0-9a-f]{64})(?: [ *](?:\.\/)?(.*))?$/i.exec(line) ?? []
    return digest !== undefined && path === name ? [digest.toLowerCase()] : []
  })
}
