import type { FastifyInstance, FastifyReply } from 'fastify'
import { addReadRoute, prefersJson } from '../../server/answers/accept.js'
import { sendError, sendLine } from '../../server/answers/refusal.js'
import { renderPage } from '../../server/pages/layout.js'
import { pageHeaders, SAFE_HEADERS } from '../../server/pages/policy.js'
import { jsonLine } from '../../text/escape.js'
import { html, type Html } from '../../text/html.js'
import { count, formatBytes, formatDuration } from '../../text/quantity.js'
import type { ServiceOptions } from '../options.js'
import { describeProgress, REFRESH_SCRIPT } from '../progress/progress-page.js'
import type { ProgressStatus, TorrentTitle } from '../progress/progress.js'
import { type HeaderOptions, renderSiteHeader } from '../requests/site-header.js'
import { missingRoot } from '../tree/root-watch.js'
import type { StatusReport, WarmStatus } from './status.js'

/** Seconds between two updates of a live page. */
const LIVE = 5

/** The options that decide what the page links to. */
type StatusPageOptions = HeaderOptions & Pick<ServiceOptions, 'metrics'>

/** The service's status for people; `isLive` if it updates itself. Its links are relative to `/-/`. */
function renderStatusPage(
  report: StatusReport,
  isLive: boolean,
  options: StatusPageOptions,
): string {
  const refresh = html`<noscript
      ><meta http-equiv="refresh" content="${LIVE}; url=status?live" /></noscript
    >${REFRESH_SCRIPT.element}`
  const again = isLive
    ? html`<a href="status">Stop</a> &middot;
        <a id="again" data-seconds="${LIVE}" href="status?live">now</a>`
    : html`<a href="status?live">Update this page continuously</a>`
  return renderPage(
    {
      title: 'Status of this mirror',
      head: isLive && refresh,
      header: renderSiteHeader(options, '../', 'status'),
    },
    html`<h1>Status of this mirror</h1>
      <p>
        ${again} &middot; <a href="status.json">JSON</a>
        ${options.metrics && html`&middot; <a href="metrics">metrics</a>`}
      </p>
      <div id="state">
        ${aboutService(report)} ${hashing(report)} ${trackers(report)} ${cache(report)}
      </div>`,
  )
}

function aboutService({ version, uptimeSeconds, time }: StatusReport): Html {
  return html`<p>btkit ${version}, up for ${formatDuration(uptimeSeconds)}, at ${timeOf(time)}.</p>`
}

function hashing({ hashing, planning, warm }: StatusReport): Html {
  const { running, waiting, bytesHashed, torrents } = hashing
  return html`<h2>Being hashed</h2>
    <p>
      ${count(running, 'torrent')} at work, ${waiting} waiting for a turn;
      ${formatBytes(bytesHashed)} hashed since the start. Requests being planned:
      ${planning.running}, and ${planning.waiting} waiting.
    </p>
    ${warm && aheadOfNeed(warm)}
    ${
      torrents.length > 0 &&
      html`<ul>
        ${torrents.map(hashingRow)}
      </ul>`
    }`
}

function aheadOfNeed({ ready, waiting, failed, running, bytesHashed }: WarmStatus): Html {
  return html`<p>
    Ahead of need: ${count(ready, 'file')} ready, ${waiting} waiting, ${failed} failed; ${running}
    at work, ${formatBytes(bytesHashed)} hashed since the start.
  </p>`
}

function hashingRow(told: ProgressStatus): Html {
  const { title, bytesDone, bytesTotal } = told
  return html`<li>
    <b class="name">${nameOf(title)}</b>: ${describeProgress(told)}
    <progress
      aria-label="Hashed of ${title.name}"
      max="${bytesTotal}"
      value="${bytesDone}"
    ></progress>
  </li> `
}

function trackers({ trackers }: StatusReport): Html {
  return html`<h2>Trackers</h2>
    ${
      trackers.length === 0
        ? html`<p>The torrents name no tracker.</p>`
        : html`<ul>
            ${trackers.map((url) => html`<li><code>${url}</code></li> `)}
          </ul>`
    }`
}

function cache({ cache: { bytes, records, hits, misses, origins } }: StatusReport): Html {
  const { memory, cache, files } = origins
  return html`<h2>Cache</h2>
    <dl>
      <dt>size</dt>
      <dd>${formatBytes(bytes)}, ${count(records, 'record')}</dd>
      <dt>lookups</dt>
      <dd>${hits} found, ${misses} not</dd>
      <dt>torrents</dt>
      <dd>${memory} from memory, ${cache} from the cache, ${files} by reading files</dd>
    </dl>`
}

/** A set of files has the name of their common directory. */
function nameOf({ name, files, path }: TorrentTitle): string {
  return path === null ? `${name} (${count(files, 'file')})` : name
}

function timeOf(iso: string): Html {
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`
}

/** Also answered while the service stops. */
export const HEALTH = '/-/health'

/** Adds the service's status at `/-/status`: a page, and the same as JSON. */
export function addStatusPageRoutes(
  app: FastifyInstance,
  report: () => Promise<StatusReport>,
  options: StatusPageOptions,
): void {
  addReadRoute(app, '/-/status.json', async (_request, reply) => {
    return reply.headers(JSON_HEADERS).send(jsonLine(await report()))
  })

  addReadRoute(app, '/-/status', async ({ raw }, reply) => {
    const current = await report()
    reply.header('Vary', 'Accept')
    if (prefersJson(raw.headers.accept)) {
      return reply.headers(JSON_HEADERS).send(jsonLine(current))
    }
    const isLive = raw.url?.endsWith('?live') ?? false
    return reply.headers(PAGE_HEADERS).send(renderStatusPage(current, isLive, options))
  })
}

const FRESH = { 'Cache-Control': 'max-age=1' }
const PAGE_HEADERS = { ...pageHeaders(REFRESH_SCRIPT), ...FRESH }
const JSON_HEADERS = { ...SAFE_HEADERS, ...FRESH, 'Content-Type': 'application/json' }

/** The state of the service for other programs. */
export interface ServiceState {
  /** The service's metrics, in Prometheus' text format; null to answer none. */
  readonly describe: (() => Promise<string>) | null
  /** Whether the mirror's root exists. */
  readonly isRootThere: () => Promise<boolean>
}

/**
 * Adds the addresses below `/-/` that describe the service. `health` says whether the mirror is
 * there; `ready` says whether to send requests here.
 */
export function addStatusRoutes(
  app: FastifyInstance,
  { describe, isRootThere }: ServiceState,
): void {
  const sendState = async (reply: FastifyReply) => {
    reply.header('Cache-Control', 'no-store')
    if (await isRootThere()) sendLine(reply, 200, 'ok')
    else sendError(reply, missingRoot())
    return reply
  }
  addReadRoute(app, HEALTH, (_request, reply) => sendState(reply))
  // While the service stops, this one is refused like all others
  addReadRoute(app, '/-/ready', (_request, reply) => sendState(reply))

  if (!describe) return
  addReadRoute(app, '/-/metrics', async (_request, reply) => {
    return reply
      .header('Cache-Control', 'no-store')
      .type('text/plain; version=0.0.4')
      .send(await describe())
  })
}
