import { InlineScript } from '../../server/pages/policy.js'

/**
 * Keeps a page up to date without loading it anew: asks for what its link `again` leads to, and
 * takes `state` out of the answer. When that has a link `download`, goes there, and asks no more;
 * what is no page is shown itself. The page's own `refresh` does the same where there is no script.
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
