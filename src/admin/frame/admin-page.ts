import { fieldValue, html, type Html } from '../../text/html.js'
import { framePage, type Answer, type PageParts } from '../../pages/frame.js'
import type { MenuEntry } from '../../server/pages/layout.js'
import type { Visitor } from './visit.js'

/** The parts that frame a page. */
export interface FrameParts {
  /** Null before the log-in. */
  readonly user: Visitor | null
  readonly menu: readonly MenuEntry[]
  /** The way back to the first page, such as `../`. */
  readonly root: string
  /** Makes a token for a form. */
  readonly token: () => string
}

/** The name of the pages. */
export const NAME = 'btkit admin'

/** The start of a form that changes something. Only templates of this program have it. */
const POSTED = /<form\b[^>]*\bmethod="post"[^>]*>/g

/**
 * Renders a page of the administration. Each form that is sent gets a token, so that none can be
 * forgotten.
 */
export function adminPage(parts: PageParts, { user, menu, root, token }: FrameParts): Answer {
  const end =
    user !== null &&
    html`<form class="who" method="post" action="${root}logout">
      <span>${user.name}</span> <button>Log out</button>
    </form>`
  const answer = framePage({ root, ...parts }, { name: NAME, label: 'Pages', menu, end })
  const field = html`<input type="hidden" name="token" value="${fieldValue(token())}" />`
  return {
    ...answer,
    // The name of the site must come with forms, so that those of other sites can be told apart
    headers: { ...answer.headers, 'Referrer-Policy': 'same-origin' },
    body: String(answer.body).replace(POSTED, (form) => form + field.text),
  }
}

/** Shows a log-in form, with the name of the last attempt. */
export function logInContent(name: string): Html {
  return html`<form class="log-in" method="post" action="login">
    <section>
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
    </section>
  </form>`
}
