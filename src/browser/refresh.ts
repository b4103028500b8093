// Updates a page without reloading it: fetches the target of its link `again` and inserts the
// element `state` of the answer. If that contains a link `download`, the script follows it and
// stops. An answer that is not a page is shown itself. Without scripts, the page's `refresh` does
// the same.
import './page.js'
import { all, first } from './elements.js'

addEventListener('DOMContentLoaded', () => {
  const again = first(HTMLAnchorElement, '#again')
  if (again) follow(again)
})

function follow(again: HTMLAnchorElement): void {
  const later = (seconds: number) => setTimeout(look, 1000 * seconds)
  const take = (page: Document) => {
    const state = page.getElementById('state')
    const before = document.getElementById('state')
    if (!state || !before) {
      location.replace(again.href)
      return
    }
    document.title = page.title
    const open = all(HTMLDetailsElement, 'details', before).map((details) => details.open)
    for (const [i, details] of all(HTMLDetailsElement, 'details', state).entries())
      details.open = open[i] === true
    before.replaceWith(state)
    const download = first(HTMLAnchorElement, '#download')
    if (!download) {
      later(Number(again.dataset['seconds']))
      return
    }
    again.remove()
    location.assign(download.href)
  }
  const look = async () => {
    try {
      const answer = await fetch(again.href, {
        headers: { Accept: 'text/html' },
        cache: 'no-store',
      })
      const isPage = (answer.headers.get('Content-Type') ?? '').startsWith('text/html')
      if (isPage) take(new DOMParser().parseFromString(await answer.text(), 'text/html'))
      else location.replace(again.href)
    } catch {
      later(5)
    }
  }
  later(Number(again.dataset['seconds']))
}
