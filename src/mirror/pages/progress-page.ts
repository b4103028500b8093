import type { IncomingMessage } from 'node:http'
import { type ProgressStatus, type TorrentTitle, UnderWay } from '../torrents/progress.js'
import { isProgressAddress, type PageLinks, pageLinks } from '../tree/address.js'
import { wantsPage } from '../../server/headers/accept.js'
import { type HeaderOptions, mirrorPage } from './site-header.js'
import { errorAnswer, NotReady } from '../../server/headers/refusal.js'
import type { Answer } from '../../server/headers/answer.js'
import * as texts from '../../browser/texts.js'
import { InlineScript } from '../../page-parts/policy.js'
import { renderTop } from '../../page-parts/layout.js'
import { html, type Html } from '../../base/text/html.js'
import { counted, formatBytes, formatDuration } from '../../base/text/quantity.js'

/** Seconds between an answer and the next check of a torrent that is being made. */
const SOON = 1

/**
 * The page that a browser shows while something is made, with the progress. It refreshes itself.
 */
function progressPage(error: NotReady, links: PageLinks, options: HeaderOptions): Answer {
  const told = error instanceof UnderWay ? error.progress : null
  const seconds = error instanceof UnderWay ? SOON : error.retryAfter
  // Only without scripts: a reload would move the reader's place on the page
  const refresh = html`<noscript
    ><meta http-equiv="refresh" content="${seconds}; url=${links.progress}"
  /></noscript>`
  return mirrorPage(
    options,
    {
      title: titleOf(told, links),
      root: links.root,
      head: refresh,
      script: REFRESH_SCRIPT,
      headers: NOT_KEPT,
    },
    html`<section id="state">
        ${renderTop({ title: `The ${links.what} is being made`, acts: back(links) })}
        ${stateOf(error, told)}
        <p class="muted">
          This page updates itself. It opens the ${links.what} when that is ready.
        </p>
      </section>
      <noscript>
        <p><a href="${links.progress}">Refresh</a></p>
      </noscript>
      <a id="again" data-seconds="${seconds}" href="${links.progress}" hidden></a>`,
  )
}

/** The page that a browser shows once the torrent is ready; it downloads the torrent. */
function readyPage(title: TorrentTitle, links: PageLinks, options: HeaderOptions): Answer {
  const refresh = html`<meta http-equiv="refresh" content="0; url=${links.itself}" />`
  const isFile = links.what === 'torrent' || links.what === 'metalink'
  return mirrorPage(
    options,
    {
      title: `${title.name}: the ${links.what} is ready`,
      root: links.root,
      head: refresh,
      script: null,
      headers: NOT_KEPT,
    },
    html`<section id="state">
      ${renderTop({ title: `The ${links.what} is ready`, acts: back(links) })}
      <p role="status">
        <b class="name">${title.name}</b>: ${isFile ? 'the download begins' : 'it opens'} by itself.
      </p>
      <p><a id="download" href="${links.itself}">Open the ${links.what}</a></p>
    </section>`,
  )
}

function back({ directory }: PageLinks): Html {
  return html`<a class="button" href="${directory}">Back to the folder</a>`
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
 * Answers a browser whose torrent is not ready yet with a page. At the torrent's own address, the
 * page has the status that all clients get. Null for other clients and other errors.
 */
export function progressAnswer(
  request: IncomingMessage,
  error: unknown,
  options: HeaderOptions,
): Answer | null {
  if (!(error instanceof NotReady) || error.code !== 'busy' || !wantsPage(request)) return null
  const { url = '' } = request
  const page = progressPage(error, pageLinks(url), options)
  // The progress page has its own address and exists
  if (isProgressAddress(url)) return page
  const { status, headers } = errorAnswer(error)
  return { ...page, status, headers: { ...headers, ...page.headers } }
}

/** The page for a torrent that is ready, if the progress page was asked for; else null. */
export function readyAnswer(
  request: IncomingMessage,
  title: TorrentTitle,
  options: HeaderOptions,
): Answer | null {
  const { url = '' } = request
  const isAsked = isProgressAddress(url) && wantsPage(request)
  return isAsked ? readyPage(title, pageLinks(url), options) : null
}

/** The script of pages that update themselves. */
export const REFRESH_SCRIPT = new InlineScript(texts.REFRESH_SCRIPT, true)

const NOT_KEPT = { 'Cache-Control': 'no-store' }
