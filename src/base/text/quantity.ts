const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']

/**
 * Formats a number of bytes for people: `0 B`, `1023 B`, `1.5 KiB`, `256 KiB`. Whole numbers below
 * 100 have `digits` behind the point, 1 in a column of others.
 */
export function formatBytes(bytes: number, digits: 0 | 1 = 0): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`
  let value = bytes / 1024
  let unit = 0
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  const shown = value >= 100 ? 0 : Number.isInteger(value) ? digits : 1
  return `${value.toFixed(shown)} ${UNITS[unit] ?? ''}`
}

/** Formats a number with its noun: `1 file`, `2 files`, `3 entries`. */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : plural}`
}

/** Formats a whole number for a page: `999`, `1,234,567`. Intl would take 10 ms of each start. */
export function formatNumber(n: number): string {
  return String(n).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/**
 * Formats a number with its noun for a page: `1 file`, `1,234 files`. Lines of commands have
 * `count`.
 */
export function counted(n: number, noun: string, plural = `${noun}s`): string {
  return `${formatNumber(n)} ${n === 1 ? noun : plural}`
}

/** Formats a duration: `0:07`, `12:34`, `1:02:03`. */
export function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds)
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  if (parts[0] === 0) parts.shift()
  return parts.map((part, i) => (i === 0 ? `${part}` : `${part}`.padStart(2, '0'))).join(':')
}

/** Formats a time in milliseconds since 1970, in UTC: `2026-11-22 09:05`, or with seconds. */
export function formatTime(ms: number, precision: 'minute' | 'second' = 'minute'): string {
  const length = precision === 'minute' ? 16 : 19
  return new Date(ms).toISOString().slice(0, length).replace('T', ' ')
}

const AGES = [
  [31_536_000, ' year'],
  [2_592_000, ' month'],
  [86_400, ' day'],
  [3600, ' h'],
  [60, ' min'],
] as const

/** Formats seconds as people say an age: `2 h`, `3 days`; null below a minute. */
export function formatAge(seconds: number): string | null {
  const [length, unit] = AGES.find(([each]) => seconds >= each) ?? [60, ' min']
  const count = Math.floor(seconds / length)
  if (count === 0) return null
  return `${count}${unit}${count > 1 && length >= 86_400 ? 's' : ''}`
}
