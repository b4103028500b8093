import { hideSecrets } from '../../base/text/secrets.js'
import type { Metainfo } from '../metainfo.js'
import type { WarningCode } from '../warning.js'
import type { LintRule, LintRules, Severity } from './finding.js'
import { NAME_RULES } from './names.js'
import { PIECE_RULES } from './pieces.js'
import { TRACKER_RULES } from './trackers.js'

/** The rules in the order of their findings. */
const RULES = {
  ...TRACKER_RULES,
  ...PIECE_RULES,
  ...NAME_RULES,
  'tracker-rule': findNothing,
} satisfies LintRules

const LISTED = Object.entries(RULES) as [keyof typeof RULES, LintRule][]

/** Codes of all findings, including the warnings of the parser. btkit-lint(1) explains them. */
export type LintCode = WarningCode | keyof typeof RULES

/**
 * A problem that the torrent's publisher should know. The message is a single line, safe to print.
 */
export interface Finding {
  readonly code: LintCode
  readonly severity: Severity
  readonly message: string
}

/** Without a configuration, trackers have no rules. */
function findNothing(): string[] {
  return []
}

/** The severities of the parser's warnings, and of those rules that find no mere warnings. */
const SEVERITIES: Record<WarningCode, Severity> & Partial<Record<LintCode, Severity>> = {
  'trailing-space': 'note',
  'unsorted-keys': 'warning',
  'ignored-value': 'warning',
  'not-utf8': 'warning',
  'unsafe-path': 'error',
  'backslash-path': 'warning',
  'no-content': 'error',
  'pad-without-path': 'warning',
  'layer-missing': 'error',
  'layer-wrong': 'error',
  'layer-unneeded': 'note',
  'tracker-unlikely': 'note',
  'seed-unlikely': 'note',
  'tracker-repeated': 'note',
  'no-tracker': 'note',
  'private-without-source': 'note',
  'private-on-several': 'note',
  'piece-length-small': 'note',
  'piece-length-large': 'note',
  'many-pieces': 'note',
  'unaligned-hybrid': 'error',
  'odd-padding': 'error',
  'pad-by-name': 'note',
  'file-and-directory': 'error',
  'link-outside': 'error',
}

/** All codes of findings. */
export const LINT_CODES = Object.keys({ ...SEVERITIES, ...RULES }) as LintCode[]

/** The most findings of one kind that are reported. */
export const MAX_FINDINGS_OF_A_KIND = 50

/**
 * Finds all problems in a valid torrent: first the parser's warnings, then the findings of the
 * rules. `byTracker` is the rule of `tracker-rule`.
 */
export function lintMetainfo(metainfo: Metainfo, byTracker: LintRule = findNothing): Finding[] {
  const all: { code: LintCode; message: string }[] = [...metainfo.warnings]
  for (const [code, own] of LISTED) {
    const rule = code === 'tracker-rule' ? byTracker : own
    for (const message of boundedly(rule(metainfo))) all.push({ code, message })
  }
  return all.map(({ code, message }) => {
    return { code, severity: severityOf(code), message: hideSecrets(message) }
  })
}

/** The severity of findings with a code. */
export function severityOf(code: LintCode): Severity {
  return SEVERITIES[code] ?? 'warning'
}

function boundedly(messages: Iterable<string>): string[] {
  const kept: string[] = []
  for (const message of messages) {
    if (kept.length === MAX_FINDINGS_OF_A_KIND) return [...kept, 'and more like these']
    kept.push(message)
  }
  return kept
}
