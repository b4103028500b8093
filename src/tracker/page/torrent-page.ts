import { html, type Html } from '../../text/html.js'
import { formatBytes } from '../../text/quantity.js'
import { SAMPLES, type HistorySample } from './history.js'
import { renderPage } from '../../server/pages/layout.js'
import { transferredOf, type SwarmRow } from './swarm-row.js'
import type { TorrentLinks } from './torrent-links.js'

export interface TorrentPageParts {
  readonly row: SwarmRow
  /** The samples of the last day, oldest first; null if there are none. */
  readonly samples: readonly HistorySample[] | null
  readonly links: TorrentLinks
}

/** The page of one torrent. */
export function renderTorrentPage({ row, samples, links }: TorrentPageParts): string {
  const title = row.name ?? row.infoHash
  const file = links.file(row)
  const transferred = transferredOf(row)
  return renderPage(
    { title },
    html`<nav><a href="./">all torrents</a></nav>
      <h1>${title}</h1>
      <p>
        <a href="${links.magnet(row)}">magnet</a>${file && html` <a href="${file}">torrent</a>`}
      </p>
      <dl>
        <dt>info hash</dt>
        <dd><code>${row.infoHash}</code></dd>
        ${
          row.size !== null &&
          html`<dt>size</dt>
            <dd>${formatBytes(row.size)} (${row.size} bytes)</dd>`
        }
        <dt>complete</dt>
        <dd>${row.complete}</dd>
        <dt>downloading</dt>
        <dd>${row.downloading}</dd>
        <dt>downloaded</dt>
        <dd>${row.downloaded}</dd>
        ${
          transferred !== null &&
          html`<dt>transferred</dt>
            <dd>${formatBytes(transferred)}</dd>`
        }
        ${
          row.torrent?.failure != null &&
          html`<dt>not tracked</dt>
            <dd>${row.torrent.failure}</dd>`
        }
        ${
          row.torrent?.warning != null &&
          html`<dt>note</dt>
            <dd>${row.torrent.warning}</dd>`
        }
      </dl>
      <h2>The last day</h2>
      ${samples ? renderHistory(samples) : html`<p>No data yet.</p>`}`,
  )
}

const HEIGHT = 100

function renderHistory(samples: readonly HistorySample[]): Html {
  const most = Math.max(
    1,
    ...samples.flatMap((each) => [each.complete ?? 0, each.downloading ?? 0]),
  )
  const line = (value: (sample: HistorySample) => number | null) =>
    linePath(samples.map(value), HEIGHT / most)
  return html`<svg viewBox="0 0 ${SAMPLES - 1} ${HEIGHT}" preserveAspectRatio="none" role="img">
      <title>Seeds and downloaders in the last 24 hours, at most ${most}</title>
      <path class="peers" d="${line(({ downloading }) => downloading)}" />
      <path class="seeds" d="${line(({ complete }) => complete)}" />
    </svg>
    <p>
      <span class="seeds">complete</span>, <span class="peers">downloading</span>; at most ${most}.
    </p>
    <details>
      <summary>By the hour</summary>
      <table>
        <thead>
          <tr>
            <th>UTC</th>
            <th class="n">complete</th>
            <th class="n">downloading</th>
          </tr>
        </thead>
        <tbody>
          ${samples.filter((_, i) => i % 4 === 3).map(hourRow)}
        </tbody>
      </table>
    </details>`
}

/** An SVG path through all known points, with gaps for missing ones. */
function linePath(values: readonly (number | null)[], scale: number): string {
  let isDown = false
  return values
    .map((value, i) => {
      const step =
        value === null ? '' : `${isDown ? 'L' : 'M'}${i} ${Math.round(HEIGHT - value * scale)}`
      isDown = value !== null
      // An isolated point is visible only if the line has some length
      return step.startsWith('M') ? `${step}h.1` : step
    })
    .join('')
}

function hourRow({ at, complete, downloading }: HistorySample): Html | null {
  if (complete === null || downloading === null) return null
  const time = new Date(at).toISOString().slice(11, 16)
  return html`<tr>
    <td>${time}</td>
    <td class="n">${complete}</td>
    <td class="n">${downloading}</td>
  </tr> `
}
