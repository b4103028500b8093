import { BtkitError } from '../../errors.js'
import type { Answer } from '../../pages/frame.js'
import { renderTable } from '../../pages/table.js'
import { quoteText } from '../../text/escape.js'
import { html, type Html } from '../../text/html.js'
import { formatBytes } from '../../text/quantity.js'
import { renderCharts } from '../../tracker/page/history-charts.js'
import type { PagesParts } from '../frame/parts.js'
import type { AdminContext, AdminRoute } from '../frame/visit.js'
import { formatCsv, type Cell } from '../reports/csv.js'
import { makeReport, REPORTS, type Report, type ReportKind } from '../reports/reports.js'

type ReportParts = Pick<PagesParts, 'tracker' | 'directories' | 'archives' | 'now'>

/** The most rows on the page; the CSV has all. */
const MOST_SHOWN = 500

const TITLES: Readonly<Record<ReportKind, string>> = {
  torrent: 'By torrent',
  category: 'By category',
  day: 'By day',
}

/** The pages of reports, and the same as CSV. */
export function reportRoutes(parts: ReportParts): AdminRoute[] {
  const shared = { method: 'GET', needs: 'report' } as const
  return [
    { ...shared, path: 'reports', menu: 'Reports', handle: (context) => show(context, parts) },
    { ...shared, path: 'reports.csv', handle: (context) => download(context, parts) },
  ]
}

async function show(context: AdminContext, parts: ReportParts): Promise<Answer> {
  const { report, kind } = await reportOf(context, parts)
  const kinds = REPORTS.map((each) => {
    const current = each === kind && html` aria-current="page"`
    return html`<a href="reports?by=${each}" ${current}>${TITLES[each]}</a>`
  })
  const { history } = parts.tracker.view
  const hasCharts = kind === 'day' && report.rows.length > 0
  return context.page({
    title: 'Reports',
    content: html`<nav class="tabs" aria-label="Reports">
        ${kinds} <a href="reports.csv?by=${kind}" download>CSV</a>
      </nav>
      ${hasCharts && html`<section>${renderCharts(history, null)}</section>`}
      <section>
        <h2>${TITLES[kind]}</h2>
        ${report.rows.length === 0 ? html`<p>No data yet.</p>` : tableOf(report, TITLES[kind])}
        ${cutNote(report)}
        ${kind !== 'day' && html`<p class="muted">Transferred is size times completed downloads.</p>`}
      </section>`,
  })
}

async function download(context: AdminContext, parts: ReportParts): Promise<Answer> {
  const { report, kind } = await reportOf(context, parts)
  const day = new Date(parts.now()).toISOString().slice(0, 10)
  return {
    status: 200,
    headers: {
      'Content-Type': 'text/csv; charset=utf-8; header=present',
      'Content-Disposition': `attachment; filename="tracker-by-${kind}-${day}.csv"`,
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
    },
    body: formatCsv([report.columns.map(({ title }) => title), ...report.rows]),
  }
}

async function reportOf(context: AdminContext, parts: ReportParts) {
  const wanted = context.query.text('by') || 'torrent'
  const kind = REPORTS.find((each) => each === wanted)
  if (kind === undefined)
    throw new BtkitError('not-found', `there is no report by ${quoteText(wanted)}`)
  return { kind, report: await makeReport(kind, { ...parts, view: parts.tracker.view }) }
}

function tableOf({ columns, rows }: Report, label: string): Html {
  const shown = columns.filter(({ isDetail }) => isDetail !== true)
  const spell = (cell: Cell, at: number) =>
    columns[at]?.kind === 'bytes' && typeof cell === 'number' ? formatBytes(cell) : cell
  return renderTable({
    label,
    columns: shown.map(({ title, kind }) => ({ title, kind: kind === 'name' ? kind : 'n' })),
    rows: rows.slice(0, MOST_SHOWN).map((cells) => cells.slice(0, shown.length).map(spell)),
  })
}

function cutNote({ rows }: Report): Html | false {
  const more = rows.length - MOST_SHOWN
  return more > 0 && html`<p class="muted">The CSV has ${more} more rows.</p>`
}
