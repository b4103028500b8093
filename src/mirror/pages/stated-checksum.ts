import { encodeName } from '../../base/percent.js'
import { CHECKSUM_NAMES } from '../../core/checksums/list.js'
import type { ScannedFile } from '../../disk/file-lists/scanned-file.js'
import { html, type Html } from '../../base/text/html.js'
import type { FileDigests } from '../torrents/file-digests.js'
import type { Mirror } from '../tree/mirror.js'
import { readStated } from '../torrents/stated-checksums.js'

/** Says whether the lists beside a file have its known checksums; a warning comes first. Null if none names it. */
export async function renderStated(
  file: ScannedFile,
  digests: Pick<FileDigests, 'known'>,
  mirror: Mirror,
): Promise<Html | null> {
  const known = CHECKSUM_NAMES.filter((name) => digests.known(file, name))
  const lists = (await readStated(file.path, known, mirror)).map((stated) => {
    const own = Buffer.from(digests.known(file, stated.checksum) ?? []).toString('hex')
    const link = html`<a href="./${encodeName(stated.list)}">${stated.list}</a>`
    return { link, isOwn: stated.digests.includes(own) }
  })
  const wrong = lists.find(({ isOwn }) => !isOwn)
  if (wrong)
    return html`<p class="note">
      <b>Warning:</b> ${wrong.link} has another checksum for this file.
    </p>`
  return lists[0] ? html`<span class="seeds">✓ matches ${lists[0].link}</span>` : null
}
