import { InlineScript } from './policy.js'

/**
 * The script of all pages: copy buttons, also without TLS, where browsers have no clipboard;
 * the key `/` for the search; times as people say them, with the exact ones as titles.
 */
export const COMMON_SCRIPT = `
addEventListener('DOMContentLoaded', () => {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    button.hidden = false
    button.addEventListener('click', async () => {
      const source = document.getElementById(button.dataset.copy)
      const text = source.value ?? source.textContent
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
      button.textContent = 'Copied'
    })
  }
  addEventListener('keydown', (event) => {
    const isTyping = /^(?:INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)
    const search = document.getElementById('search')
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || !search) return
    event.preventDefault()
    search.select()
  })
  const units = [[31536000, ' year'], [2592000, ' month'], [86400, ' day'], [3600, ' h'], [60, ' min']]
  for (const time of document.querySelectorAll('time[datetime]')) {
    const at = new Date(time.dateTime)
    const seconds = (Date.now() - at) / 1000
    if (!(seconds >= 0)) continue
    const [length, unit] = units.find(([each]) => seconds >= each) ?? [60, ' min']
    const count = Math.floor(seconds / length)
    time.title = at.toLocaleString()
    time.textContent = count === 0 ? 'just now' : count + unit + (count > 1 && length >= 86400 ? 's' : '') + ' ago'
  }
})
`

/** The script of pages that need no other. */
export const PAGE_SCRIPT = new InlineScript(`'use strict'${COMMON_SCRIPT}`)
