import {
  findNameClashes,
  findPathsOfBothKinds,
  findLinksOutside,
  findLinksToNothing,
  findForbiddenCharacters,
  findHiddenCharacters,
  findLongNames,
  findLongPaths,
  findReservedNames,
  findTrailingDotsAndSpaces,
} from './names.js'
import type { Finding, LintCode, LintRule, Severity } from './finding.js'
import {
  findUnalignedFiles,
  findHugeTorrent,
  findLargePieces,
  findManyPieces,
  findOddPieceLength,
  findRefusedPieces,
  findSmallPieces,
} from './pieces.js'
import {
  findMisplacedKeys,
  findPrivateOnSeveral,
  findPrivateWithNodes,
  findPrivateWithoutSource,
  findPrivateWithoutTracker,
  findAnnounceOutsideList,
  findBadSeeds,
  findBadTrackers,
  findCommas,
  findEmptyTiers,
  findNoTracker,
  findOnlyHttpSeeds,
  findRepeatedTrackers,
  findSeedsWithoutSlash,
} from './trackers.js'
import type { Metainfo } from '../metainfo.js'
import type { WarningCode } from '../warning.js'

/** The severities of the parser's warnings. */
const READER_SEVERITIES: Record<WarningCode, Severity> = {
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
}

/** The rules in the order of their findings, with the severity of each. */
const RULES: Record<Exclude<LintCode, WarningCode>, readonly [Severity, LintRule]> = {
  'announce-not-in-list': ['warning', findAnnounceOutsideList],
  'empty-tier': ['warning', findEmptyTiers],
  'tracker-not-url': ['warning', findBadTrackers],
  'tracker-repeated': ['note', findRepeatedTrackers],
  'seed-not-url': ['warning', findBadSeeds],
  'comma-in-url': ['warning', findCommas],
  'web-seed-without-slash': ['warning', findSeedsWithoutSlash],
  'http-seeds-only': ['warning', findOnlyHttpSeeds],
  'no-tracker': ['note', findNoTracker],
  'private-without-source': ['note', findPrivateWithoutSource],
  'private-without-tracker': ['warning', findPrivateWithoutTracker],
  'private-on-several': ['note', findPrivateOnSeveral],
  'private-with-nodes': ['warning', findPrivateWithNodes],
  'misplaced-key': ['warning', findMisplacedKeys],
  'piece-length-odd': ['warning', findOddPieceLength],
  'piece-length-small': ['note', findSmallPieces],
  'piece-length-large': ['note', findLargePieces],
  'piece-length-refused': ['warning', findRefusedPieces],
  'many-pieces': ['note', findManyPieces],
  'huge-torrent': ['warning', findHugeTorrent],
  'unaligned-hybrid': ['error', findUnalignedFiles],
  'file-and-directory': ['error', findPathsOfBothKinds],
  'link-outside': ['error', findLinksOutside],
  'link-to-nothing': ['warning', findLinksToNothing],
  'name-clash': ['warning', findNameClashes],
  'reserved-name': ['warning', findReservedNames],
  'forbidden-character': ['warning', findForbiddenCharacters],
  'hidden-character': ['warning', findHiddenCharacters],
  'trailing-dot-or-space': ['warning', findTrailingDotsAndSpaces],
  'name-too-long': ['warning', findLongNames],
  'path-too-long': ['warning', findLongPaths],
  'tracker-rule': ['warning', findNothing],
}

/** Without a configuration, trackers have no rules. */
function findNothing(): string[] {
  return []
}

/** All codes of findings. */
export const LINT_CODES = [...Object.keys(READER_SEVERITIES), ...Object.keys(RULES)] as LintCode[]

/** The most findings of one kind that are reported. */
export const MAX_FINDINGS_OF_A_KIND = 50

/**
 * Finds all problems in a valid torrent: first the parser's warnings, then the findings of the
 * rules. `byTracker` is the rule of `tracker-rule`.
 */
export function lintMetainfo(metainfo: Metainfo, byTracker: LintRule = findNothing): Finding[] {
  const steps = lintInSteps(metainfo, byTracker)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Does the same, and yields after each rule: a rule may take a while for many files. */
export function* lintInSteps(
  metainfo: Metainfo,
  byTracker: LintRule = findNothing,
): Generator<void, Finding[]> {
  const rules = { ...RULES, 'tracker-rule': ['warning', byTracker] as const }
  const all: { code: LintCode; message: string }[] = [...metainfo.warnings]
  for (const [code, [, rule]] of Object.entries(rules)) {
    for (const message of boundedly(rule(metainfo))) all.push({ code: code as LintCode, message })
    yield
  }
  return all.map(({ code, message }) => ({ code, severity: severityOf(code), message }))
}

/** The severity of findings with a code. */
export function severityOf(code: LintCode): Severity {
  return isOfReader(code) ? READER_SEVERITIES[code] : RULES[code][0]
}

function isOfReader(code: LintCode): code is WarningCode {
  return code in READER_SEVERITIES
}

function boundedly(messages: Iterable<string>): string[] {
  const kept: string[] = []
  for (const message of messages) {
    if (kept.length === MAX_FINDINGS_OF_A_KIND) return [...kept, 'and more like these']
    kept.push(message)
  }
  return kept
}
