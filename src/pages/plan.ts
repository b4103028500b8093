import { html, type Html } from '../text/html.js'
import type { Excerpt } from './excerpt.js'
import { count, formatBytes } from '../text/quantity.js'

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
  /** Entries that are left out, and why. */
  readonly skipped: Excerpt<{ readonly path: string; readonly reason: string }>
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
      skipped.count > 0 &&
      html`<details>
        <summary>${skipped.count} entries are left out</summary>
        <ul>
          ${skipped.first.map(({ path, reason }) => html`<li>${path}: ${reason}</li>`)}
        </ul>
      </details>`
    }
  </section>`
}
