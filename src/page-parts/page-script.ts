import { InlineScript, pageHeaders } from './policy.js'

/**
 * The script of all pages: copy buttons, also without TLS, where browsers have no clipboard;
 * the key `/` for the search; times as people say them, with the exact ones as titles.
 */
export const COMMON_SCRIPT = `
addEventListener('DOMContentLoaded', () => {
  const copy = async (text, button) => {
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      const area = document.createElement('textarea')
      area.value = text
      button.after(area)
      area.select()
      document.execCommand('copy')
      area.remove()
      button.focus()
    }
  }
  for (const button of document.querySelectorAll('button[data-copy]')) {
    button.hidden = false
    button.addEventListener('click', async () => {
      const source = document.getElementById(button.dataset.copy)
      await copy(source.value ?? source.textContent, button)
      button.textContent = 'Copied'
    })
  }
  const rest = document.querySelector('meta[name=magnet]')?.content ?? ''
  for (const magnet of document.querySelectorAll('td.get a[href^="magnet:"]')) {
    const row = magnet.closest('tr')
    const name = row.querySelector('th a, .name a')
    const torrent = row.querySelector('.get a')
    if (!/[?&]dn=/.test(magnet.href)) {
      const own = { dn: name.textContent.trim(), ws: name.href, xs: torrent.href }
      for (const key in own) magnet.href += '&' + key + '=' + encodeURIComponent(own[key])
      magnet.href += rest
    }
    const button = document.createElement('button')
    button.className = 'copy'
    button.type = 'button'
    button.title = 'Copy magnet'
    button.setAttribute('aria-label', 'copy magnet of ' + name.textContent.trim())
    magnet.after(' ', button)
  }
  addEventListener('click', async ({ target }) => {
    if (!target.matches('.copy')) return
    await copy(target.closest('tr').querySelector('a[href^="magnet:"]').href, target)
    target.textContent = '✓'
  })
  addEventListener('keydown', (event) => {
    const isTyping = /^(?:INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)
    const search = document.getElementById('search')
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || !search) return
    event.preventDefault()
    search.select()
  })
  for (const data of document.querySelectorAll('data[value]')) data.title = Number(data.value).toLocaleString() + ' bytes'
  const units = [[31536000, ' year'], [2592000, ' month'], [86400, ' day'], [3600, ' h'], [60, ' min']]
  for (const link of document.querySelectorAll('.listing .get a')) {
    const name = link.closest('tr').querySelector('th a').textContent.trim()
    link.setAttribute('aria-label', link.textContent.replace('…', '') + ' of ' + name)
  }
  for (const time of document.querySelectorAll('time')) {
    const at = new Date(time.dateTime || time.textContent.replace(' ', 'T'))
    const seconds = (Date.now() - at) / 1000
    if (!(seconds >= 0)) continue
    const [length, unit] = units.find(([each]) => seconds >= each) ?? [60, ' min']
    const count = Math.floor(seconds / length)
    time.title = at.toLocaleString()
    time.textContent = count === 0 ? 'just now' : count + unit + (count > 1 && length >= 86400 ? 's' : '')
    if (count === 0) continue
    const ago = document.createElement('span')
    ago.className = 'ago'
    ago.textContent = ' ago'
    time.append(ago)
  }
})
`

/** The script of pages that need no other. */
export const PAGE_SCRIPT = new InlineScript(`'use strict'${COMMON_SCRIPT}`)

/** The header fields of these pages, except their Cache-Control. */
export const PAGE_HEADERS = pageHeaders(PAGE_SCRIPT)
