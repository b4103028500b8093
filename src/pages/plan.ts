import { html, type Html } from '../text/html.js'
import { count, formatBytes } from '../text/quantity.js'

/** The most entries that are listed as left out. */
const MOST_LISTED = 200

/** A torrent that was not made yet. */
export interface Plan {
  readonly name: string
  readonly files: number
  /** Bytes of the files. */
  readonly size: number
  readonly pieceCount: number
  readonly pieceLength: number
  /** Bytes of the .torrent. */
  readonly torrentSize: number
  readonly skipped: readonly { readonly path: string; readonly reason: string }[]
}

/** Shows a torrent before it is made. */
export function planSection(plan: Plan): Html {
  const { files, size, pieceCount, pieceLength, torrentSize, skipped } = plan
  return html`<section aria-label="Preview">
    <h2>Preview: ${plan.name}</h2>
    <p>
      ${count(files, 'file')}, ${formatBytes(size)}, in ${count(pieceCount, 'piece')} of
      ${formatBytes(pieceLength)}. The .torrent will have about ${formatBytes(torrentSize)}.
    </p>
    ${
      skipped.length > 0 &&
      html`<details>
        <summary>${skipped.length} entries are left out</summary>
        <ul>
          ${skipped.slice(0, MOST_LISTED).map(({ path, reason }) => html`<li>${path}: ${reason}</li>`)}
        </ul>
      </details>`
    }
  </section>`
}
