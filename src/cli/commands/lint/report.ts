import type { Finding } from '../../../metainfo/lint/finding.js'
import { escapeText, jsonLine } from '../../../text/escape.js'

/** What was found in a torrent, or why it could not be read. */
export interface LintResult {
  readonly file: string
  readonly findings: readonly Finding[]
  readonly error: string | null
}

/** A result for programs: one line of JSON. */
export function lintJson({ file, findings, error }: LintResult): string {
  return jsonLine({
    file,
    findings: findings.map(({ code, severity, message }) => ({ code, severity, message })),
    error,
  })
}

/** A result for people: `file: severity: code: message`, a line for each finding. */
export function lintText({ file, findings }: LintResult): string {
  return findings
    .map(({ code, severity, message }) => {
      return `${escapeText(`${file}: ${severity}: ${code}: ${message}`)}\n`
    })
    .join('')
}
