import { basename } from 'node:path'
import type { SeedCheck } from '../../../clients/web-seeds/check-seed.js'
import { escapeText, jsonLine } from '../../../text/escape.js'

/** Whether a seed was asked and did not give the piece. */
export function hasFailed({ result }: SeedCheck): boolean {
  return result !== 'ok' && result !== 'not asked'
}

/** What came of asking a torrent's seeds, for people: a line a seed. */
export function seedsText(checks: readonly SeedCheck[], file: string): string {
  const head = `${escapeText(basename(file))}:\n`
  if (checks.length === 0) return `${head}  names no web seeds\n`
  const width = Math.max(...checks.map(({ result }) => result.length))
  const lines = checks.map(({ result, url, detail, piece }) => {
    const more = [...(detail ? [detail] : []), ...(piece === null ? [] : [`piece ${piece}`])]
    const rest = more.length > 0 ? ` (${more.join(', ')})` : ''
    return `  ${result.padEnd(width)}  ${escapeText(url)}${escapeText(rest)}\n`
  })
  return head + lines.join('')
}

/** The same for programs: one line of JSON. */
export function seedsJson(checks: readonly SeedCheck[], file: string): string {
  const seeds = checks.map(({ url, kind, result, detail, piece }) => {
    return { url, kind, result, detail: detail === '' ? null : detail, piece }
  })
  return jsonLine({ file, seeds })
}
