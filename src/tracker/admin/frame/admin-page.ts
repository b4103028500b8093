import type { Answer } from '../../../server/headers/answer.js'
import { framePage, type PageParts } from '../../../pages/forms/frame.js'
import { renderSearch } from '../../../page-parts/search.js'
import { MAX_SEARCH } from '../../pages/overview/site.js'
import type { MenuEntry, PageSite } from '../../../page-parts/layout.js'
import { fieldValue, html, type Html } from '../../../base/text/html.js'
import type { Visitor } from './visit.js'

/** The parts that frame a page. */
interface FrameParts {
  readonly site: PageSite
  /** Null before the log-in. */
  readonly user: Visitor | null
  readonly menu: readonly MenuEntry[]
  /** Whether there are torrents to search, and the search whose results are shown. */
  readonly search: string | null
  /** The way back to the first page, such as `../`. */
  readonly root: string
  /** Makes a token for a form. */
  readonly token: () => string
}

/** The start of a form that changes something. Only templates of this program have it. */
const POSTED = /<form\b[^>]*\bmethod="post"[^>]*>/g

/**
 * Renders a page of the administration. Each form that is sent gets a token, so that none can be
 * forgotten.
 */
export function adminPage(parts: PageParts, frame: FrameParts): Answer {
  const { site, menu, root, token } = frame
  const end = endOf(frame)
  const answer = framePage({ root, ...parts }, { ...site, label: 'Pages', menu, end })
  const field = html`<input type="hidden" name="token" value="${fieldValue(token())}" />`
  return {
    ...answer,
    // The name of the site must come with forms, so that those of other sites can be told apart
    headers: { ...answer.headers, 'Referrer-Policy': 'same-origin' },
    body: answer.body.replace(POSTED, (form) => form + field.text),
  }
}

/** The end of the bar: the search of torrents, and who is logged in. */
function endOf({ user, root, search }: FrameParts): Html | null {
  if (user === null) return null
  const field = { id: 'search', action: `${root}torrents`, name: 'q', most: MAX_SEARCH }
  return html`${search !== null && renderSearch({ ...field, value: search })}
    <a href="${root}account">${user.name}</a>
    <form method="post" action="${root}logout"><button>Log out</button></form>`
}

/** Where a log-in leads. */
export interface Aim {
  /** The page and its fields; empty for the first page. */
  readonly to: string
  /** The kind of form that was sent and not accepted, because the session had ended. */
  readonly lost: '' | 'form' | 'upload'
}

/** Shows a log-in form that leads on to a page, with the name of the last attempt. */
export function logInContent(name: string, { to, lost }: Aim): Html {
  return html`<form class="log-in card" method="post" action="login">
    <input type="hidden" name="to" value="${fieldValue(to)}" />
    <input type="hidden" name="lost" value="${lost}" />
    <div class="field">
      <label for="name">Name</label>
      <input
        type="text"
        id="name"
        name="name"
        value="${fieldValue(name)}"
        autocomplete="username"
        autocapitalize="none"
        spellcheck="false"
        required
        ${name === '' && html`autofocus`}
      />
    </div>
    <div class="field">
      <label for="password">Password</label>
      <input
        type="password"
        id="password"
        name="password"
        autocomplete="current-password"
        required
        ${name !== '' && html`autofocus`}
      />
    </div>
    <div class="acts"><button class="main">Log in</button></div>
  </form>`
}
