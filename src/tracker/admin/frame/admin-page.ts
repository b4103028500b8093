import { type Answer, framePage, type PageParts } from '../../../pages/forms/frame.js'
import { SCRIPT } from '../../../pages/forms/script.js'
import type { MenuEntry } from '../../../page-parts/layout.js'
import { fieldValue, html, type Html } from '../../../base/text/html.js'
import type { Visitor } from './visit.js'

/** The parts that frame a page. */
interface FrameParts {
  /** The name of the pages. */
  readonly name: string
  /** Null before the log-in. */
  readonly user: Visitor | null
  readonly menu: readonly MenuEntry[]
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
export function adminPage(parts: PageParts, { name, user, menu, root, token }: FrameParts): Answer {
  const end =
    user !== null &&
    html`<form class="who" method="post" action="${root}logout">
      <a href="${root}account">${user.name}</a> <button>Log out</button>
    </form>`
  const answer = framePage({ root, ...parts }, { name, label: 'Pages', menu, end })
  const field = html`<input type="hidden" name="token" value="${fieldValue(token())}" />`
  return {
    ...answer,
    // The name of the site must come with forms, so that those of other sites can be told apart
    headers: { ...answer.headers, 'Referrer-Policy': 'same-origin' },
    body: String(answer.body).replace(POSTED, (form) => form + field.text),
  }
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
  return html`<form class="log-in" method="post" action="login">
    <input type="hidden" name="to" value="${fieldValue(to)}" />
    <input type="hidden" name="lost" value="${lost}" />
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

/**
 * The script of the administration, which works without it: torrents are dropped to be uploaded,
 * and too large uploads are noticed before they are sent.
 */
export const ADMIN_SCRIPT = `${SCRIPT}
// On a narrow window the categories are a list to choose from
for (const choice of document.querySelectorAll('[data-go]')) {
  choice.form.querySelector('button').hidden = true
  choice.addEventListener('change', () => choice.form.requestSubmit())
}

for (const form of document.querySelectorAll('[data-upload]')) {
  const input = form.querySelector('input[type=file]')
  const problem = form.querySelector('.error')
  const table = form.querySelector('[data-files]')
  const { mostBytes, mostFiles, mostShown } = form.dataset
  const sum = () => [...input.files].reduce((bytes, { size }) => bytes + size, 0)
  const fault = () => {
    const files = [...input.files]
    if (files.length > Number(mostFiles)) return 'These are ' + files.length + ' files; choose at most ' + mostFiles + '.'
    const odd = files.find(({ name }) => !name.toLowerCase().endsWith('.torrent'))
    if (sum() <= Number(mostBytes)) return ''
    return odd ? odd.name + ' is not a .torrent file; choose only these.' : 'These files are too large; choose fewer.'
  }
  const look = () => {
    problem.textContent = fault()
    problem.hidden = problem.textContent === ''
    return problem.hidden
  }
  // The program reads the torrents, and answers with a table of them
  let reading = null
  const read = async () => {
    const body = new FormData(form)
    body.set('act', 'look')
    try {
      const answer = await fetch(form.action, { method: 'POST', body })
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
      table.replaceChildren(...(page.querySelector('[data-files]')?.childNodes ?? []))
    } catch {
      table.replaceChildren()
    }
  }
  const show = async () => {
    if (!look() || input.files.length === 0 || sum() > Number(mostShown)) table.replaceChildren()
    else {
      while (reading) await reading
      reading = read()
      await reading
      reading = null
    }
    const forAll = form.querySelector('[data-for-all]')
    if (forAll) forAll.hidden = table.childElementCount > 0
  }
  input.addEventListener('change', show)
  form.addEventListener('submit', async (event) => {
    if (!look()) event.preventDefault()
    if (!reading) return
    event.preventDefault()
    await reading
    form.requestSubmit()
  })
  document.addEventListener('dragover', (event) => {
    if (!event.dataTransfer.types.includes('Files')) return
    event.preventDefault()
    form.classList.add('dropping')
  })
  document.addEventListener('dragleave', () => form.classList.remove('dropping'))
  document.addEventListener('drop', (event) => {
    form.classList.remove('dropping')
    if (event.dataTransfer.files.length === 0) return
    event.preventDefault()
    // Files that are too many are replaced, and others get company
    const kept = fault() === '' ? [...input.files] : []
    const isKnown = (file) => kept.some(({ name, size }) => name === file.name && size === file.size)
    const all = new DataTransfer()
    for (const file of [...kept, ...[...event.dataTransfer.files].filter((file) => !isKnown(file))]) all.items.add(file)
    input.files = all.files
    show()
  })
}
`

/** The style of the administration, after that of pages with forms. */
export const ADMIN_STYLE = `
.who { display: flex; align-items: center; gap: .6rem } .who a { color: var(--muted) }
.log-in { max-width: 26rem } .log-in .field { grid-template-columns: 6rem 1fr } .log-in input { width: 100% }
input[type=password] { width: 100% }
.name .muted a { text-decoration: underline; margin: 0 }
.shelf { display: grid; grid-template-columns: 14rem minmax(0, 1fr); gap: 1.5rem; align-items: start }
.choice { display: none } .rename { display: inline-block; margin: 0 } .rename summary { color: var(--link); cursor: pointer } .rename + form { display: inline-block; margin-left: .8rem } .categories ul { list-style: none; margin: 0; padding: 0 } .categories li { display: flex; justify-content: space-between; gap: .6rem; padding: .25rem 0; border-bottom: 1px solid var(--line) }
.categories a { margin: 0; overflow-wrap: anywhere } .categories a[aria-current] { font-weight: 700; color: var(--text) }
.categories .level-2 { padding-left: 1rem } .categories .level-3 { padding-left: 2rem } .categories .level-4, .categories .level-5 { padding-left: 3rem }
.masthead nav { min-width: 0 } .masthead nav a { padding: .25rem .5rem }
@media (min-width: 50.01rem) { td form.with { min-width: 19rem } }
td .with, td form.with { display: flex; flex-wrap: wrap; gap: .4rem; margin: 0 } td .with input { flex: 1 1 8rem; min-width: 6rem }
td ul { margin: .3rem 0 0; padding-left: 1.2rem } td.name input { width: 100% }
.acts > .with { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem; margin-left: auto } .acts .field { display: flex; align-items: center; gap: .5rem; margin: 0 } .acts .field label { padding: 0; white-space: nowrap }
main form > .chosen { position: sticky; bottom: 0; box-shadow: 0 -2px 8px #0003 } .chosen .acts { margin: 0 }
.dropping section { outline: 2px dashed var(--accent) } [data-files] .scroll { margin: .8rem 0 } [data-files] tbody th.name { width: 30% } [data-files] td.name { width: 40% } [data-files] tr { row-gap: .4rem } [data-files] label { white-space: nowrap } [data-files] input[type=text] { width: 100%; min-width: 8rem } .note + section { margin-top: 1rem } [data-files] select { max-width: 14rem } [data-files] .error { margin: 0; padding: 0 .5rem } input[type=file] { padding: .6rem; width: 100% }
@media (min-width: 50.01rem) and (max-width: 74.99rem) { .shelf td.get { white-space: normal; min-width: 11rem } .shelf .get a + a { margin-left: 0 } .shelf .get a { margin-right: .6rem; display: inline-block } }
@media (max-width: 58rem) {
  .masthead nav { order: 3; flex: 0 0 100% }
  .masthead .who { margin-left: auto }
}
@media (max-width: 70rem) {
  .shelf { grid-template-columns: minmax(0, 1fr); gap: .6rem }
  .categories { display: none } .choice { display: flex; gap: .5rem; margin: 0 } .choice select { flex: 1; min-width: 0 }
  [data-files] label { white-space: normal } [data-files] td.name { min-width: 8rem }
}
@media (max-width: 50rem) {
  .acts > .with { margin-left: 0 } .shelf td.get { white-space: normal }
  .chosen { padding: .5rem .7rem !important } .chosen .acts { gap: .4rem } .chosen button { padding: .25rem .6rem } .chosen .with { flex-wrap: nowrap; width: 100% } .chosen .field { flex: 1; min-width: 0 } .chosen select { min-width: 0 }
  form:not(:has(tbody input:checked)) > .chosen { display: none }
}
div.note form { display: inline-block; margin: 0 0 0 .8rem } td button { padding: .1rem .6rem } td form { margin: 0 }
`
