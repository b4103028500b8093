import { valueOr } from '../../../base/errors.js'
import { query } from '../../../pages/forms/form.js'
import { renderTable } from '../../../page-parts/table.js'
import { WORDS } from '../../../page-parts/words.js'
import { renderSearch } from '../../../page-parts/search.js'
import { renderTime } from '../../../page-parts/time.js'
import { html, type Html } from '../../../base/text/html.js'
import { counted } from '../../../base/text/quantity.js'
import type { AdminRoute } from '../frame/visit.js'
import {
  type Activity,
  type ActivityLog,
  FAILED_LOG_IN,
  targetsOf,
} from '../storage/activity-log.js'
import { type Category, directoryOf, type Places, shownName, SUFFIX } from '../storage/places.js'

/** The most entries that are shown, and that are searched for those of a user. */
const MOST_SHOWN = 500
const MOST_READ = 5000

/** The page of who did what. `places` are null without directories of torrents. */
export function activityRoutes(log: ActivityLog, places: Places | null): AdminRoute[] {
  const handle: AdminRoute['handle'] = async (context) => {
    const [wanted, part] = [context.query.text('user'), context.query.text('q').toLowerCase()]
    const entries = await log.latest(MOST_READ)
    const own = entries.filter((entry) => {
      const isOf = wanted === '' || entry.user === wanted
      const text = [...targetsOf(entry), entry.details ?? ''].join(' ')
      return isOf && (part === '' || text.toLowerCase().includes(part))
    })
    const shown = own.slice(0, MOST_SHOWN)
    const none =
      entries.length < MOST_READ
        ? 'Nothing was recorded.'
        : `There is nothing in the last ${MOST_READ} entries.`
    const content = shown.length === 0 ? html`<p>${none}</p>` : table(shown, places)
    const search = renderSearch({
      id: 'filter',
      action: 'log',
      name: 'q',
      value: context.query.text('q'),
      most: 200,
      placeholder: 'Name of an item',
      kept: wanted !== '' && html`<input type="hidden" name="user" value="${wanted}" />`,
    })
    const isSome = wanted !== '' || part !== ''
    const all = isSome && html`<a class="button" href="log">${WORDS.showAll}</a>`
    return context.page({ title: 'Log', acts: [search, all], content })
  }
  return [{ method: 'GET', path: 'log', menu: 'Log', needs: 'audit', handle }]
}

/** The words of the page for the actions in the log. */
const DONE: Readonly<Record<string, string>> = {
  add: 'added',
  edit: 'edited',
  delete: 'deleted',
  restore: 'restored',
  move: 'moved',
  'create category': 'created the category',
  'rename category': 'renamed the category',
  'remove category': 'removed the category',
  ban: 'banned',
  'lift a ban': 'lifted the ban of',
  'log in': 'logged in',
  'log out': 'logged out',
  'change the password': 'changed the password',
  'add user': 'added the user',
  'reset the password': 'reset the password of',
  'change the role': 'changed the role of',
  'remove user': 'removed the user',
  [FAILED_LOG_IN]: 'failed to log in',
}

function table(entries: readonly Activity[], places: Places | null): Html {
  const rows = entries.map((entry) => {
    const { at, user, address, action, details, count } = entry
    const who =
      user === ''
        ? html`<span class="muted">unknown name</span>`
        : html`<a href="log?${new URLSearchParams({ user }).toString()}">${user}</a>`
    const targets = targetsOf(entry)
    const items = targets.map((target) => itemOf(target, places))
    const [item = ''] = items
    const unnamed = (count ?? items.length) - items.length
    const things = targets.every((target) => target.endsWith(SUFFIX)) ? 'torrent' : 'item'
    const all = html`<details>
      <summary>${counted(items.length + unnamed, things)}</summary>
      <ul>
        ${items.map((each) => html`<li>${each}</li>`)}
        ${unnamed > 0 && html`<li>and ${unnamed} more</li>`}
      </ul>
    </details>`
    const more = details !== undefined && detailsOf(details, places)
    const what = html`${items.length + unnamed > 1 ? all : item} ${more}`
    return [renderTime(at, 'second'), who, DONE[action] ?? action, what, address]
  })
  const columns = [
    ['Time', 'date'],
    ['User'],
    ['Action'],
    ['Item', 'wide'],
    ['Address', 'date'],
  ] as const
  return renderTable({ label: 'Log', columns, rows })
}

/**
 * The thing of an entry: a torrent or category leads to where it is, or to a search of its name.
 */
export function itemOf(target: string, places: Places | null): Html | string {
  const place = places && placeOf(target, places)
  if (!places || !place) return target
  const { title } = place
  if (!target.endsWith(SUFFIX))
    return html`<a href="torrents${query({ in: place.address })}">${title}</a>`
  const q = shownName(target)
  return html`<a href="torrents${query({ q })}">${title.slice(0, -SUFFIX.length)}</a>`
}

/** The details of an entry, such as the category that a torrent was moved to. */
function detailsOf(details: string, places: Places | null): Html {
  const [, target] = /^to (\/.*)$/s.exec(details) ?? []
  const shown = target === undefined ? details : html`to ${itemOf(target, places)}`
  return html`<span class="muted">${shown}</span>`
}

/** The category of a path, or the torrent as if it were one; null outside of the directories. */
function placeOf(path: string, places: Places): Category | null {
  const below = directoryOf(
    `${path}/`,
    places.roots.map((each) => each.path),
  )
  const root = places.roots.find((each) => each.path === below)
  const names = path.slice(below?.length ?? 0).split('/')
  return root ? valueOr(null, () => places.at(root, names.filter(Boolean))) : null
}
