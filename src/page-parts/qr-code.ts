import { LRUCache } from 'lru-cache'
import { renderSVG } from 'uqr'
import { decodePercent, encodePercent } from '../base/percent.js'
import { type Html, html } from '../base/text/html.js'
import { SAFE_HEADERS } from './policy.js'
import { WORDS } from './words.js'

/** The largest magnet link that fits a QR code people can scan, in characters. */
const MOST_SCANNED = 1200

/** Characters of codes in memory: without them, each view of a page takes some milliseconds. */
const codes = new LRUCache<string, string>({
  maxSize: 4 * 1024 * 1024,
  sizeCalculation: (code, link) => code.length + link.length,
})

/** Why a query has no code. */
export const NO_LINK = 'the query is no magnet link that can be scanned'

/** The name of the picture beside the first page of a site. */
export const QR_PATH = 'qr.svg'

export const QR_HEADERS = {
  ...SAFE_HEADERS,
  'Content-Type': 'image/svg+xml',
  'Cache-Control': 'max-age=86400',
}

/** A folded QR code of a magnet link for telephones; nothing if it is too long to be scanned. */
export function renderFoldedQr(link: string, root: string): Html | false {
  return (
    link.length <= MOST_SCANNED &&
    html`<details>
      <summary>${WORDS.qrCode}</summary>
      <img
        class="qr"
        loading="lazy"
        alt="${WORDS.qrCode}"
        src="${root}${QR_PATH}?${encodePercent(link)}"
      />
    </details>`
  )
}

/** The QR code of the magnet link in a query; null if there is none that can be scanned. */
export function qrCode(query: string): string | null {
  const link = decodePercent(query, '')
  if (!/^magnet:\?xt=urn:bt[im]h:/.test(link) || link.length > MOST_SCANNED) return null
  const known = codes.get(link)
  // Any mask can be scanned; the search for the best takes four times as long
  const code = known ?? renderSVG(link, { border: 1, maskPattern: 0 })
  if (known === undefined) codes.set(link, code)
  return code
}
