/** Trackers in a text, and whether each begins a tier: after an empty line or a bar. */
export function trackersIn(text: string): [url: string, begins: boolean][] {
  const found: [string, boolean][] = []
  let begins = false
  for (const line of text.split(/\r\n?|\n|(?=\|)/)) {
    begins ||= line.startsWith('|') || line.trim() === ''
    for (const url of line.replace('|', '').split(/,(?=\s*[a-z][a-z0-9+.-]*:\/\/)/i)) {
      if (url.trim() === '') continue
      found.push([url.trim(), begins])
      begins = false
    }
  }
  return found
}

/**
 * Writes trackers as `trackersIn` reads them. An empty row is no empty line, which would begin a
 * tier.
 */
export function textOfTrackers(rows: readonly (readonly [url: string, begins: boolean])[]): string {
  let text = ''
  let isNext = false
  for (const [url, begins] of rows) {
    isNext ||= begins
    if (url === '') continue
    text += (text === '' ? '' : isNext ? '\n\n' : '\n') + url
    isNext = false
  }
  return text
}
