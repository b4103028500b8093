import type { LintCode } from '../../metainfo/lint/metainfo.js'
import { html, type Html } from '../../base/text/html.js'
import type { DescribedTorrent } from '../work/gui-work.js'

/** Findings whose message names keys of torrents, in the words of the pages. */
const PLAIN: Partial<Record<LintCode, string>> = {
  'private-without-source':
    'no source tag: on another tracker, this torrent would have the same info hash',
}

/** Findings about values that can be edited. */
const MENDED: ReadonlySet<LintCode> = new Set<LintCode>([
  ...(['announce-not-in-list', 'empty-tier', 'no-tracker', 'passkey-in-public'] as const),
  ...(['tracker-not-url', 'tracker-repeated', 'tracker-unlikely', 'comma-in-url'] as const),
  ...(['seed-not-url', 'seed-unlikely', 'url-characters', 'web-seed-without-slash'] as const),
  ...(['private-on-several', 'private-without-source', 'private-without-tracker'] as const),
])

/** Lists what could be better in a torrent; `edit` is the address where most of it is mended. */
export function findingsOf({ first, count }: DescribedTorrent['findings'], edit: string): Html {
  if (count === 0) return html`<p class="good">No problem was found in the torrent.</p>`
  return html`<section class="card">
    <h2>What could be better</h2>
    <ul>
      ${first.map((finding) => {
        const link = MENDED.has(finding.code) && html`<a href="${edit}">Edit</a>`
        return html`<li>${finding.severity}: ${PLAIN[finding.code] ?? finding.message} ${link}</li>`
      })}
    </ul>
    ${count > first.length && html`<p class="muted">and ${count - first.length} more</p>`}
  </section>`
}
