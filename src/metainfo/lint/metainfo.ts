import { findNameClashes, findPathsOfBothKinds } from './clashes.js'
import type { Finding, LintCode, LintRule } from './finding.js'
import { findUnalignedFiles } from './hybrid.js'
import {
  findForbiddenCharacters,
  findLongNames,
  findLongPaths,
  findReservedNames,
  findTrailingDotsAndSpaces,
} from './names.js'
import {
  findHugeTorrent,
  findLargePieces,
  findManyPieces,
  findOddPieceLength,
  findSmallPieces,
} from './pieces.js'
import {
  findMisplacedKeys,
  findPrivateWithoutSource,
  findPrivateWithoutTracker,
} from './private.js'
import {
  findAnnounceOutsideList,
  findBadSeeds,
  findBadTrackers,
  findEmptyTiers,
  findRepeatedTrackers,
} from './trackers.js'
import type { Metainfo } from '../metainfo.js'
import type { WarningCode } from '../warning.js'

/** The rules, in the order of their findings. */
const RULES: Record<Exclude<LintCode, WarningCode>, LintRule> = {
  'announce-not-in-list': findAnnounceOutsideList,
  'empty-tier': findEmptyTiers,
  'tracker-not-url': findBadTrackers,
  'tracker-repeated': findRepeatedTrackers,
  'seed-not-url': findBadSeeds,
  'private-without-source': findPrivateWithoutSource,
  'private-without-tracker': findPrivateWithoutTracker,
  'misplaced-key': findMisplacedKeys,
  'piece-length-odd': findOddPieceLength,
  'piece-length-small': findSmallPieces,
  'piece-length-large': findLargePieces,
  'many-pieces': findManyPieces,
  'huge-torrent': findHugeTorrent,
  'unaligned-hybrid': findUnalignedFiles,
  'file-and-directory': findPathsOfBothKinds,
  'name-clash': findNameClashes,
  'reserved-name': findReservedNames,
  'forbidden-character': findForbiddenCharacters,
  'trailing-dot-or-space': findTrailingDotsAndSpaces,
  'name-too-long': findLongNames,
  'path-too-long': findLongPaths,
}

/** How many findings of a kind a person can use. */
export const MAX_FINDINGS_OF_A_KIND = 50

/** All that is wrong or unwise in a valid torrent: the reader's warnings, then what rules find. */
export function lintMetainfo(metainfo: Metainfo): Finding[] {
  const found = Object.entries(RULES).flatMap(([code, rule]) => {
    return boundedly(rule(metainfo)).map((message) => ({ code: code as LintCode, message }))
  })
  return [...metainfo.warnings, ...found]
}

function boundedly(messages: Iterable<string>): string[] {
  const kept: string[] = []
  for (const message of messages) {
    if (kept.length === MAX_FINDINGS_OF_A_KIND) return [...kept, 'and more like these']
    kept.push(message)
  }
  return kept
}
