import { encode, type QrCodeGenerateResult } from 'uqr'
import { decodePercent, encodePercent } from '../base/percent.js'
import { type Html, html } from '../base/text/html.js'
import { type Answer, textAnswer } from '../server/headers/answer.js'
import { malformed } from '../server/headers/refusal.js'
import { splitTarget } from '../server/headers/target.js'
import { WORDS } from './words.js'

/** The largest magnet link that fits a QR code people can scan, in characters. */
const MOST_SCANNED = 1200

/** The name of the picture beside the first page of a site. */
export const QR_PATH = 'qr.svg'

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

/**
 * Answers with the QR code of the magnet link behind an address's question mark. It takes up to ten
 * milliseconds, so clients have turns.
 * @throws Refusal if there is none that can be scanned
 */
export function qrAnswer(url: string): Answer {
  const [, query] = splitTarget(url)
  const link = decodePercent(query, '')
  if (!/^magnet:\?xt=urn:bt[im]h:/.test(link) || link.length > MOST_SCANNED)
    throw malformed('the query is no magnet link that can be scanned')
  // Any mask can be scanned; the search for the best takes four times as long
  const code = drawn(encode(link, { border: 1, maskPattern: 0 }))
  return textAnswer('image/svg+xml', code, 'max-age=86400')
}

/** Draws all dark squares as one line: each run in a row is a stroke. */
function drawn({ data, size }: Pick<QrCodeGenerateResult, 'data' | 'size'>): string {
  let line = ''
  for (const [y, row] of data.entries()) {
    line += `M0 ${y + 0.5}`
    for (let x = 0, end = 0; x < size; x = end) {
      while (end < size && row[end] === row[x]) end++
      line += `${row[x] === true ? 'h' : 'm'}${end - x}${row[x] === true ? '' : ' 0'}`
    }
  }
  const box = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}">`
  return `${box}<path fill="#fff" d="M0 0h${size}v${size}H0z"/><path stroke="#000" d="${line}"/></svg>`
}
