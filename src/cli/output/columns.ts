import stringWidth from 'string-width'

/** How many columns of a terminal text takes: two for a character of East Asian scripts, or an emoji. */
export function columnsOf(text: string): number {
  return stringWidth(text)
}

/**
 * Text in just that many columns: filled with spaces, or its end left out, which a mark shows.
 */
export function fitColumns(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return padColumns(text, columns)
  return padColumns(`${cutColumns(text, columns - 1)}…`, columns)
}

/** As much of the beginning of a text as fits into that many columns; no character is parted. */
export function cutColumns(text: string, columns: number): string {
  let [end, left] = [0, columns]
  for (const { segment, index } of new Intl.Segmenter().segment(text)) {
    left -= columnsOf(segment)
    if (left < 0) break
    end = index + segment.length
  }
  return text.slice(0, end)
}

function padColumns(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)))
}
