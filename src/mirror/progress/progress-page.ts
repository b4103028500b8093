import { html, type Html } from '../../text/html.js'
import { count, formatBytes, formatDuration } from '../../text/quantity.js'
import { renderPage } from '../../server/pages/layout.js'
import type { NotReady } from '../../server/answers/refusal.js'
import type { ProgressStatus } from './progress.js'
import type { TorrentTitle } from './title.js'
import { UnderWay } from './under-way.js'
import { renderSiteHeader, type HeaderOptions } from '../requests/site-header.js'
import type { PageLinks } from '../requests/page-wish.js'
import { REFRESH_SCRIPT } from './refresh-script.js'

/** Seconds between an answer and the next check of a torrent that is being made. */
const SOON = 1

/**
 * The page that a browser shows while something is made, with the progress. It refreshes itself.
 */
export function renderProgressPage(
  error: NotReady,
  links: PageLinks,
  options: HeaderOptions,
): string {
  const told = error instanceof UnderWay ? error.progress : null
  const seconds = error instanceof UnderWay ? SOON : error.retryAfter
  // Only without scripts: a reload would move the reader's place on the page
  const refresh = html`<noscript
    ><meta http-equiv="refresh" content="${seconds}; url=${links.progress}"
  /></noscript>`
  return renderPage(
    {
      title: titleOf(told, links),
      head: html`${refresh} ${REFRESH_SCRIPT.element}`,
      header: renderSiteHeader(options, links.root, null),
    },
    html`<h1>The ${links.what} is being made</h1>
      <div id="state">${stateOf(error, told)}</div>
      <p>The download begins by itself. This page updates itself.</p>
      <p>
        <a id="again" data-seconds="${seconds}" href="${links.progress}">Refresh</a>
      </p>`,
  )
}

/** The page that a browser shows once the torrent is ready; it downloads the torrent. */
export function renderReadyPage(
  title: TorrentTitle,
  links: PageLinks,
  options: HeaderOptions,
): string {
  const refresh = html`<meta http-equiv="refresh" content="0; url=${links.itself}" />`
  return renderPage(
    {
      title: `${title.name}: the ${links.what} is ready`,
      head: refresh,
      header: renderSiteHeader(options, links.root, null),
    },
    html`<h1>The ${links.what} is ready</h1>
      <div id="state">
        <p role="status"><b class="name">${title.name}</b>: the download begins by itself.</p>
        <p><a id="download" href="${links.itself}">Download the ${links.what}</a></p>
      </div>`,
  )
}

function titleOf(told: ProgressStatus | null, { what }: PageLinks): string {
  if (told === null) return `The ${what} is being made`
  return `${percentOf(told)} % of ${told.title.name}`
}

function stateOf(error: NotReady, told: ProgressStatus | null): Html {
  if (told === null) {
    const line = error instanceof UnderWay ? 'Its files are being looked up.' : error.message
    return html`<p>${line}</p>`
  }
  const { title, bytesDone, bytesTotal } = told
  const files = title.files > 1 && html`, ${count(title.files, 'file')}`
  return html`<p><b class="name">${title.name}</b>, ${formatBytes(title.size)}${files}</p>
    <p><progress aria-label="Hashed" max="${bytesTotal}" value="${bytesDone}"></progress></p>
    <p>${describeProgress(told)}</p>`
}

/** The progress of a torrent in words. */
export function describeProgress(told: ProgressStatus): string {
  const { state, bytesDone, bytesTotal, bytesPerSecond } = told
  if (bytesDone === 0 && state === 'waiting') return 'waits for its turn'
  const done = `${percentOf(told)} %: ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`
  if (state === 'waiting') return `waits for its turn (${done})`
  if (bytesPerSecond === null || bytesPerSecond < 1) return done
  const left = formatDuration((bytesTotal - bytesDone) / bytesPerSecond)
  return `${done}, ${formatBytes(bytesPerSecond)}/s, about ${left} left`
}

/** The percentage that is done; 100 only at the end. */
export function percentOf({ bytesDone, bytesTotal }: ProgressStatus): number {
  return bytesTotal === 0 ? 0 : Math.floor((100 * bytesDone) / bytesTotal)
}
