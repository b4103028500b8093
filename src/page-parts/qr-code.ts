import { LRUCache } from 'lru-cache'
import { renderSVG } from 'uqr'
import { Html, html } from '../base/text/html.js'

/** The largest magnet link that fits a QR code people can scan, in characters. */
const MOST_SCANNED = 1200

/** Characters of codes in memory: without them, each view of a page takes some milliseconds. */
const codes = new LRUCache<string, string>({
  maxSize: 4 * 1024 * 1024,
  sizeCalculation: (code, link) => code.length + link.length,
})

/** Renders a magnet link as a QR code for telephones; nothing if it is too long to be scanned. */
export function renderQrCode(link: string): Html | false {
  if (link.length > MOST_SCANNED) return false
  const known = codes.get(link)
  // Any mask can be scanned; the search for the best takes four times as long
  const code = known ?? renderSVG(link, { border: 1, maskPattern: 0 })
  if (known === undefined) codes.set(link, code)
  return html`<div class="qr" role="img" aria-label="QR code of the magnet link">
    ${new Html(code)}
  </div>`
}
