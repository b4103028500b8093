import { html } from '../../text/html.js'
import { formatBytes } from '../../text/quantity.js'
import type { History } from '../history/history.js'
import { renderCharts } from './history-charts.js'
import { renderPage } from '../../server/pages/layout.js'
import { transferredOf, type SwarmRow } from './swarm-row.js'
import type { TorrentLinks } from './torrent-links.js'

export interface TorrentPageParts {
  readonly row: SwarmRow
  readonly history: Pick<History, 'of'>
  readonly links: TorrentLinks
}

/** The page of one torrent. */
export function renderTorrentPage({ row, history, links }: TorrentPageParts): string {
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
      ${renderCharts(history, row.infoHash)}`,
  )
}
