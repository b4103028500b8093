import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ProgressStatus, type TorrentTitle, UnderWay } from '../torrents/progress.js'
import { isProgressAddress, type PageLinks, pageLinks } from '../tree/address.js'
import { wantsPage } from '../../server/headers/accept.js'
import { type HeaderOptions, ICON_PATH, renderSiteHeader, siteOf } from './site-header.js'
import { NotReady } from '../../server/headers/refusal.js'
import { renderPage } from '../../page-parts/layout.js'
import * as texts from '../../browser/texts.js'
import { InlineScript, pageHeaders, withStyle } from '../../page-parts/policy.js'
import { html, type Html } from '../../base/text/html.js'
import { counted, formatBytes, formatDuration } from '../../base/text/quantity.js'

/** Seconds between an answer and the next check of a torrent that is being made. */
const SOON = 1

/**
 * The page that a browser shows while something is made, with the progress. It refreshes itself.
 */
function renderProgressPage(error: NotReady, links: PageLinks, options: HeaderOptions): string {
  const told = error instanceof UnderWay ? error.progress : null
  const seconds = error instanceof UnderWay ? SOON : error.retryAfter
  // Only without scripts: a reload would move the reader's place on the page
  const refresh = html`<noscript
    ><meta http-equiv="refresh" content="${seconds}; url=${links.progress}"
  /></noscript>`
  return renderPage(
    {
      title: titleOf(told, links),
      site: siteOf(options),
      head: html`${refresh} ${REFRESH_SCRIPT.element}`,
      icon: links.root + ICON_PATH,
      header: renderSiteHeader(options, links.root, null),
    },
    html`<div id="state">
        <h1>The ${links.what} is being made</h1>
        ${stateOf(error, told)}
        <p>This page updates itself. It opens the ${links.what} when that is ready.</p>
      </div>
      <p>
        <a id="again" data-seconds="${seconds}" href="${links.progress}">Refresh</a>
      </p>`,
  )
}

/** The page that a browser shows once the torrent is ready; it downloads the torrent. */
function renderReadyPage(title: TorrentTitle, links: PageLinks, options: HeaderOptions): string {
  const refresh = html`<meta http-equiv="refresh" content="0; url=${links.itself}" />`
  const isFile = links.what === 'torrent' || links.what === 'metalink'
  return renderPage(
    {
      title: `${title.name}: the ${links.what} is ready`,
      site: siteOf(options),
      head: refresh,
      icon: links.root + ICON_PATH,
      header: renderSiteHeader(options, links.root, null),
    },
    html`<div id="state">
      <h1>The ${links.what} is ready</h1>
      <p role="status">
        <b class="name">${title.name}</b>: ${isFile ? 'the download begins' : 'it opens'} by itself.
      </p>
      <p><a id="download" href="${links.itself}">Open the ${links.what}</a></p>
      <p><a href="${links.directory}">Back to the folder</a></p>
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
  const files = title.files > 1 && html`, ${counted(title.files, 'file')}`
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
function percentOf({ bytesDone, bytesTotal }: ProgressStatus): number {
  return bytesTotal === 0 ? 0 : Math.floor((100 * bytesDone) / bytesTotal)
}

/**
 * Sends a browser a page if its torrent is not ready yet. At the torrent's own address, the page
 * has the status that all clients get. Returns false for other clients and other errors, which the
 * caller must send.
 */
export function sendProgress(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  options: HeaderOptions,
): boolean {
  if (!(error instanceof NotReady) || error.code !== 'busy' || !wantsPage(raw)) return false
  const { url = '' } = raw
  // The progress page has its own address and exists
  if (!isProgressAddress(url)) reply.code(503).header('Retry-After', String(error.retryAfter))
  reply.headers(withStyle(HEADERS, options.look))
  reply.send(renderProgressPage(error, pageLinks(url), options))
  return true
}

/**
 * Sends the page for a torrent that is ready, if the progress page was asked for; else returns
 * false.
 */
export function sendReady(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  title: TorrentTitle,
  options: HeaderOptions,
): boolean {
  const { url = '' } = raw
  if (!isProgressAddress(url) || !wantsPage(raw)) return false
  reply.headers(withStyle(HEADERS, options.look))
  reply.send(renderReadyPage(title, pageLinks(url), options))
  return true
}

/** The script of pages that update themselves. */
export const REFRESH_SCRIPT = new InlineScript(texts.REFRESH_SCRIPT, true)

const HEADERS = { ...pageHeaders(REFRESH_SCRIPT), 'Cache-Control': 'no-store', Vary: 'Accept' }
