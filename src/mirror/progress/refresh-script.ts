import { InlineScript } from '../../server/pages/policy.js'

/**
 * Updates a page without reloading it: fetches the target of its link `again` and inserts the
 * element `state` of the answer. If that contains a link `download`, the script follows it and
 * stops. An answer that is not a page is shown itself. Without scripts, the page's `refresh` does
 * the same.
 */
export const REFRESH_SCRIPT = new InlineScript(
  `
addEventListener('DOMContentLoaded', () => {
  const again = document.getElementById('again')
  if (!again) return
  const later = (seconds) => setTimeout(look, 1000 * seconds)
  const take = (page) => {
    const state = page.getElementById('state')
    if (!state) return location.replace(again.href)
    document.title = page.title
    document.getElementById('state').replaceWith(state)
    const download = document.getElementById('download')
    if (!download) return later(again.dataset.seconds)
    again.remove()
    location.assign(download.href)
  }
  const look = async () => {
    try {
      const answer = await fetch(again.href, { headers: { Accept: 'text/html' }, cache: 'no-store' })
      const isPage = (answer.headers.get('Content-Type') ?? '').startsWith('text/html')
      if (!isPage) return location.replace(again.href)
      take(new DOMParser().parseFromString(await answer.text(), 'text/html'))
    } catch {
      later(5)
    }
  }
  later(again.dataset.seconds)
})
`,
  true,
)
