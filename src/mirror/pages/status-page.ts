import type { FastifyInstance } from 'fastify'
import type { IncomingMessage } from 'node:http'
import { prefersJson } from '../../server/headers/accept.js'
import {
  addAnswers,
  type Answer,
  jsonAnswer,
  metricsAnswer,
  negotiated,
  OK,
} from '../../server/headers/answer.js'
import { iconAnswer, renderCard, renderTop } from '../../page-parts/layout.js'
import { type Figure, renderFacts, renderFigures } from '../../page-parts/item.js'
import { WORDS } from '../../page-parts/words.js'
import { html, type Html } from '../../base/text/html.js'
import { counted, formatAge, formatBytes, formatNumber } from '../../base/text/quantity.js'
import { describeProgress, REFRESH_SCRIPT } from './progress-page.js'
import type { ProgressStatus } from '../torrents/progress.js'
import { publicAddress } from '../tree/address.js'
import { ICON_PATH, type HeaderOptions, mirrorPage } from './site-header.js'
import { trackersAt } from '../torrents/trackers.js'
import { missingRoot } from '../tree/root-watch.js'
import type { ServiceStatus, StatusReport } from './status.js'

/** Seconds between two updates of a live page. */
const LIVE = 5

/**
 * The service's status for people; `isLive` if it updates itself. Its links are relative to `/-/`.
 */
function statusPage(report: StatusReport, isLive: boolean, options: HeaderOptions): Answer {
  const refresh = html`<noscript
    ><meta http-equiv="refresh" content="${LIVE}; url=status?live"
  /></noscript>`
  const again = isLive
    ? html`<a class="button" href="status">Stop</a>
        <a class="button" id="again" data-seconds="${LIVE}" href="status?live">Now</a>`
    : html`<a class="button" href="status?live">Update every ${LIVE} s</a>`
  const { torrents } = report.hashing
  return mirrorPage(
    options,
    {
      title: 'Status of this mirror',
      root: '../',
      current: 'status',
      head: [
        html`<link rel="alternate" type="application/json" href="status.json" />`,
        isLive && refresh,
      ],
      script: REFRESH_SCRIPT,
      headers: { 'Cache-Control': FRESH },
    },
    html`${renderTop({ title: WORDS.status, acts: again })}
      <div id="state">
        <p>${inWords(report)}</p>
        ${renderFigures(figuresOf(report), true)}
        ${torrents.length > 0 && renderCard('Being hashed now', torrents.map(hashingRow))}
        <details>
          <summary>For operators</summary>
          <p>
            Up for ${formatAge(report.uptimeSeconds) ?? `${report.uptimeSeconds} s`}, at
            ${report.time.slice(0, 19).replace('T', ' ')} UTC.
          </p>
          <div class="cards">
            ${hashing(report)} ${seeding(report)} ${trackers(report)} ${cache(report)}
          </div>
        </details>
      </div>`,
  )
}

/** Whether the mirror works, in a sentence. */
function inWords({ hashing, warm, cache: { state } }: StatusReport): Html {
  const under = hashing.running + hashing.waiting + (warm?.running ?? 0) + (warm?.waiting ?? 0)
  if (state === 'full' || state === 'off')
    return html`<b class="unsure">The mirror works, but its cache is ${CACHE_STATES[state]}.</b>`
  if (under === 0) return html`<b class="good">✓ All is ready.</b>`
  return html`<b class="good">✓ The mirror works.</b> ${counted(under, 'torrent')} to be hashed.`
}

/** The figures that most people want to know. */
function figuresOf({ hashing, warm, seed }: StatusReport): (Figure | false)[] {
  const ready = warm?.ready ?? seed?.torrents
  const hashed = hashing.running + (warm?.running ?? 0)
  const waiting = hashing.waiting + (warm?.waiting ?? 0)
  return [
    ready !== undefined && ['Torrents ready', ready],
    hashed > 0 && ['Being hashed', hashed],
    waiting > 0 && ['Waiting', waiting],
    seed !== null && ['Uploading', `${formatBytes(seed.rate)}/s`, seed.rate > 0 && 'seeds'],
    seed !== null && ['Peers', seed.peers, seed.peers > 0 && 'peers'],
  ]
}

function hashing({ hashing, planning, warm }: StatusReport): Html {
  const queue = (of: { readonly running: number; readonly waiting: number }) =>
    `${formatNumber(of.running)} running, ${formatNumber(of.waiting)} waiting`
  return renderCard(
    'Hashing',
    renderFacts([
      [WORDS.torrents, queue(hashing)],
      ['Requests looked up', queue(planning)],
      ['Hashed since the start', formatBytes(hashing.bytesHashed)],
      warm && [
        'Hashed before anybody asked',
        `${counted(warm.ready, 'file')} ready, ${queue(warm)}, ${formatNumber(warm.failed)} failed; ${formatBytes(warm.bytesHashed)} hashed`,
      ],
    ]),
  )
}

function hashingRow(told: ProgressStatus): Html {
  const { title, bytesDone, bytesTotal } = told
  const { name, files, path } = title
  // A set of files has the name of their common directory
  const shown = path === null ? `${name} (${counted(files, 'file')})` : name
  return html`<p>
    <b class="name">${shown}</b>: ${describeProgress(told)}
    <progress aria-label="Hashed of ${name}" max="${bytesTotal}" value="${bytesDone}"></progress>
  </p> `
}

function seeding({ seed }: StatusReport): Html {
  if (seed === null) return html``
  const { torrents, peers, uploaded, rate, refused, failing } = seed
  return renderCard(
    'Seeding',
    html`<p>
        ${counted(torrents, 'torrent')} and ${counted(peers, 'peer')}; ${formatBytes(uploaded)} sent
        since the start, ${formatBytes(rate)} per second now; ${formatNumber(refused)} refused.
      </p>
      ${
        failing.length > 0 &&
        html`<ul>
          ${failing.map(({ problem, count }) => html`<li>${problem} (${counted(count, 'torrent')})</li> `)}
        </ul>`
      }`,
  )
}

function trackers({ trackers }: StatusReport): Html {
  return renderCard(
    WORDS.trackers,
    trackers.length === 0
      ? html`<p>The torrents name no tracker.</p>`
      : trackers.map((url) => html`<p><code>${url}</code></p> `),
  )
}

const CACHE_STATES = {
  used: 'in use',
  full: 'its disk is full: only read until there is space',
  off: 'not kept on disk; standard error has the reason',
} as const

function cache({ cache: { state, bytes, records, hits, misses, origins } }: StatusReport): Html {
  const { memory, cache, files } = origins
  return renderCard(
    'Cache',
    renderFacts([
      ['State', CACHE_STATES[state]],
      [WORDS.size, `${formatBytes(bytes)}, ${counted(records, 'record')}`],
      ['Look-ups', `${formatNumber(hits)} found, ${formatNumber(misses)} not found`],
      [
        WORDS.torrents,
        `${formatNumber(memory)} from memory, ${formatNumber(cache)} from the cache, ${formatNumber(files)} by reading files`,
      ],
    ]),
  )
}

/** Also answered while the service stops. */
export const HEALTH = '/-/health'

const FRESH = 'max-age=1'

/**
 * Adds the addresses below `/-/` that describe the service. `status` is a page, or the same as
 * JSON. `health` says whether the mirror is there; `ready` says whether to send requests here.
 */
export function addStatusRoutes(
  app: FastifyInstance,
  status: ServiceStatus,
  isRootThere: () => Promise<boolean>,
): void {
  const { options } = status.sources
  /** The report, with the tracker's URL for the client of a request. */
  const reportFor = (request: IncomingMessage): StatusReport => {
    const report = status.report()
    const { ownTracker: tracker } = options
    // No other status depends on the host, so other requests may lack it
    if (!tracker?.announceAt) return report
    const trackers = trackersAt(report.trackers, tracker, publicAddress(request, options))
    return { ...report, trackers }
  }

  addAnswers(app, `/${ICON_PATH}`, () => iconAnswer(null))

  addAnswers(app, '/-/status.json', ({ raw }) => jsonAnswer(reportFor(raw), FRESH))

  addAnswers(app, '/-/status', ({ raw }) => {
    const report = reportFor(raw)
    const isLive = raw.url?.endsWith('?live') ?? false
    const isJson = prefersJson(raw.headers.accept)
    return negotiated(isJson ? jsonAnswer(report, FRESH) : statusPage(report, isLive, options))
  })

  const state = async () => {
    if (await isRootThere()) return OK
    throw missingRoot()
  }
  addAnswers(app, HEALTH, state)
  // While the service stops, this one is refused like all others
  addAnswers(app, '/-/ready', state)

  addAnswers(app, '/-/metrics', () => metricsAnswer(status.metrics()))
}
