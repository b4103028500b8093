import { renderTable } from '../../pages/table.js'
import { html, type Html } from '../../text/html.js'
import { formatTime } from '../../text/quantity.js'
import type { AdminRoute } from '../frame/visit.js'
import type { Activity, ActivityLog } from '../storage/activity-log.js'

/** The most entries that are shown, and that are searched for those of a user. */
const MOST_SHOWN = 500
const MOST_READ = 5000

function nothing(searched: number): string {
  if (searched < MOST_READ) return 'Nothing was recorded.'
  return `There is nothing in the last ${MOST_READ} entries.`
}

/** The page of who did what. */
export function activityRoutes({ log }: { readonly log: ActivityLog }): AdminRoute[] {
  const handle: AdminRoute['handle'] = (context) => {
    const wanted = context.query.text('user')
    const entries = log.latest(MOST_READ)
    const own = wanted === '' ? entries : entries.filter(({ user }) => user === wanted)
    const content = own.length === 0 ? html`<p>${nothing(entries.length)}</p>` : tableOf(own)
    return context.page({ title: 'Log', content })
  }
  return [{ method: 'GET', path: 'log', menu: 'Log', needs: 'audit', handle }]
}

function tableOf(entries: readonly Activity[]): Html {
  const rows = entries
    .slice(0, MOST_SHOWN)
    .map(({ at, user, address, action, target, details }) => {
      const time = formatTime(at, 'second')
      const more = details !== undefined && html` <span class="muted">${details}</span>`
      const who = html`<a href="log?${new URLSearchParams({ user }).toString()}">${user}</a>`
      return [time, who, action, html`${target}${more}`, address]
    })
  const columns = [
    { title: 'Time (UTC)', kind: 'date' },
    { title: 'User' },
    { title: 'Action' },
    { title: 'Item', kind: 'wide' },
    { title: 'Address', kind: 'date' },
  ] as const
  return html`<section>${renderTable({ label: 'Log', columns, rows })}</section>`
}
