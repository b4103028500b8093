import type { KnownCounts } from '../../clients/scrape/swarm-counts.js'
import { fileAddress } from '../../metainfo/trackers.js'
import { asHybrid, linksOf } from './listing.js'
import { MOST_V2_BYTES, type ViewName } from '../requests/address.js'
import { renderPath } from '../requests/site-header.js'
import { renderPage } from '../../server/views/layout.js'
import { InlineScript, pageHeaders } from '../../server/views/policy.js'
import { renderQrCode } from '../../server/views/qr-code.js'
import { fieldValue, html, type Html } from '../../text/html.js'
import { formatBytes, formatNumber } from '../../text/quantity.js'

/** Copies a field's text, also without TLS, where browsers have no other way. */
const COPY_SCRIPT = new InlineScript(`'use strict'
addEventListener('DOMContentLoaded', () => {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    button.hidden = false
    button.addEventListener('click', () => {
      document.getElementById(button.dataset.copy).select()
      if (document.execCommand('copy')) button.textContent = 'Copied'
    })
  }
})`)

/** The header fields of the page of a file or magnet link, except its Cache-Control. */
export const FILE_PAGE_HEADERS = pageHeaders(COPY_SCRIPT)

/** A published file with everything that its page shows. */
export interface PagedFile {
  readonly components: readonly string[]
  /** In bytes. */
  readonly size: number
  /** In milliseconds since 1970. */
  readonly modified: number
  /** The digest of the file; null if it is not known without reading. */
  readonly sha256: Uint8Array | null
  /** The counts of its swarm; null if there is none. */
  readonly counts: KnownCounts | null
  /** The tracker's page of the swarm, with its charts; null if there is none. */
  readonly swarmPage: string | null
  /** The views whose names are those of other files. */
  readonly taken: readonly ViewName[]
  /** URL of the mirror's root; null if another server serves the files. */
  readonly base: string | null
}

/** The page of a file, or of the magnet link of a directory. */
export interface FilePage {
  readonly name: string
  readonly file: PagedFile | null
  /** Null if the torrent was not asked for yet. */
  readonly magnet: string | null
  /** The header of all pages. */
  readonly header: Html
}

/** Renders the page of a file or magnet link. */
export function renderFilePage({ name, file, magnet, header }: FilePage): string {
  return renderPage(
    {
      title: magnet === null ? name : `Magnet link of ${name}`,
      head: COPY_SCRIPT.element,
      header: [header, file && renderPath(file.components, file.components.length - 1)],
      footer: file && 'Times are in UTC.',
    },
    html`<h1 class="name">${name}</h1>
      ${file && renderLinks(file, magnet === null)} ${magnet !== null && renderMagnet(magnet)}
      ${file && renderFacts(file)}`,
  )
}

/** The links that most people come for. */
function renderLinks({ components, size, taken, base }: PagedFile, hasMagnet: boolean): Html {
  const name = components.at(-1) ?? ''
  const row = { name, isDirectory: false, size, modified: 0 }
  const names = new Set(taken.map((view) => `${name}.${view}`))
  const { address, torrent, magnet } = linksOf(row, names)
  const hybrid = torrent && size <= MOST_V2_BYTES && asHybrid(torrent)
  return html`<p class="get">
    ${base !== null && html`<a href="${address}">Download</a>`}
    ${torrent && html`<a href="${torrent}">Torrent</a>`}
    ${hasMagnet && magnet && html`<a href="${magnet}">Magnet link</a>`}
    ${hybrid && html`<a href="${hybrid}">Hybrid torrent</a>`}
    <a href="${address}.meta4">Metalink</a>
  </p>`
}

function renderMagnet(link: string): Html {
  return html`<p class="get">
      <a href="${link}">Open with a client</a>
      <button type="button" data-copy="magnet" hidden>Copy the link</button>
    </p>
    <p>${field('magnet', 'Magnet link', link)}</p>
    ${renderQrCode(link)}`
}

function renderFacts(file: PagedFile): Html {
  const { components, size, modified, sha256, counts, swarmPage, base } = file
  const name = components.at(-1) ?? ''
  const time = new Date(modified).toISOString().slice(0, 19)
  const digest = sha256 && Buffer.from(sha256).toString('hex')
  return html`<dl>
    <dt>Size</dt>
    <dd>${formatBytes(size)} (${formatNumber(size)} bytes)</dd>
    <dt>Changed</dt>
    <dd><time datetime="${time}Z">${time.replace('T', ' ')}</time></dd>
    ${
      counts &&
      html`<dt>Swarm</dt>
        <dd>
          Seeds: ${formatNumber(counts.seeds)}. Leechers: ${formatNumber(counts.leechers)}.
          ${swarmPage !== null && html`<a href="${swarmPage}">The last month</a>`}
        </dd>`
    }
    <dt>SHA-256</dt>
    <dd>
      ${
        digest === null
          ? html`<a href="./${encodeURIComponent(name)}.sha256">Show the checksum</a>`
          : html`${field('sha256', 'SHA-256', digest)}
              <button type="button" data-copy="sha256" hidden>Copy</button>`
      }
    </dd>
    ${
      base !== null &&
      html`<dt>On a terminal</dt>
        <dd><pre>curl -fO '${fileAddress(base, components).replaceAll("'", '%27')}'</pre></dd>`
    }
  </dl>`
}

/** A text that can be selected and copied. */
function field(id: string, label: string, text: string): Html {
  return html`<input
    type="text"
    id="${id}"
    size="66"
    readonly
    value="${fieldValue(text)}"
    aria-label="${label}"
  />`
}
