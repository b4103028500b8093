import { renderSVG } from 'uqr'
import { Html, html } from '../../text/html.js'

/** The largest magnet link that fits a QR code people can scan, in characters. */
const MOST_SCANNED = 1200

/** Renders a magnet link as a QR code for telephones; nothing if it is too long to be scanned. */
export function renderQrCode(link: string): Html | false {
  if (link.length > MOST_SCANNED) return false
  const code = new Html(renderSVG(link, { border: 1 }))
  return html`<div class="qr" role="img" aria-label="QR code of the magnet link">${code}</div>`
}
