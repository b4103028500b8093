const UNITS = [
  [31_536_000, ' year'],
  [2_592_000, ' month'],
  [86_400, ' day'],
  [3600, ' h'],
  [60, ' min'],
] as const

/** Seconds as people say an age, such as `3 days`; null below a minute. */
export function wordsOfAge(seconds: number): string | null {
  const [length, unit] = UNITS.find(([each]) => seconds >= each) ?? [60, ' min']
  const count = Math.floor(seconds / length)
  if (count === 0) return null
  return `${count}${unit}${count > 1 && length >= 86_400 ? 's' : ''}`
}

/** A time in milliseconds since 1970 as date and time in the zone of the reader: `2026-11-27 17:05`. */
export function dateOf(ms: number): string {
  const local = new Date(ms - 60_000 * new Date(ms).getTimezoneOffset())
  return local.toISOString().slice(0, 16).replace('T', ' ')
}

/** Bytes as people say a size, such as `1.5 MiB`. */
export function wordsOfSize(bytes: number): string {
  let [size, unit] = [bytes, 0]
  for (; size >= 1024; unit++) size /= 1024
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  return `${unit > 0 ? size.toFixed(1) : size} ${units[unit]}`
}

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

/** Writes trackers as `trackersIn` reads them. An empty row is no empty line, which would begin a tier. */
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
