import { lstatSync, readdirSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { asBtkitError } from '../../errors.js'
import { entryName, torrentPath, type SourceDirectory } from './directories.js'
import { noteFailure, type Change } from './report.js'
import type { CompleteRun } from './run.js'
import { examineTorrent } from './torrent-owner.js'

/** What pruning goes by. */
export interface PruneRules {
  readonly places: readonly SourceDirectory[]
  /** The real paths of the torrents whose entries hold no bytes any more. */
  readonly emptied: ReadonlySet<string>
  /** Whether all directories of the request were there to be looked at. */
  readonly isComplete: boolean
}

/** Removes the torrents of all places that are ours and whose sources are gone. */
export function pruneAll(rules: PruneRules, run: CompleteRun): void {
  const { removed } = run.report
  const seen = new Set<string>()
  for (const place of rules.places) {
    if (seen.has(place.realTarget)) continue
    seen.add(place.realTarget)
    for (const file of findOrphans(place, rules)) {
      try {
        const change = pruneOrphan(file, place, { rules, run })
        if (change) removed.push(change)
      } catch (error) {
        const torrent = join(place.target, file)
        noteFailure(run.report, torrent, asBtkitError(error, torrent))
      }
    }
  }
}

/** The names of the torrents in a place's target that no entry of the request stands for. */
function findOrphans(place: SourceDirectory, { places, emptied }: PruneRules): string[] {
  const here = places.filter(({ realTarget }) => realTarget === place.realTarget)
  const expected = new Set(here.flatMap(({ names }) => names))
  return readdirSync(place.realTarget)
    .filter((file) => {
      const name = entryName(file)
      if (name === null || name.startsWith('.')) return false
      return !expected.has(name) || emptied.has(torrentPath(place.realTarget, name))
    })
    .sort()
}

/**
 * Removes an orphan if it is ours and its source is known to be gone; null when it stays. Without
 * a record of its source it is told by its name, which is safe only when all directories that are
 * to be pruned could be looked at.
 * @throws system errors
 */
function pruneOrphan(
  file: string,
  place: SourceDirectory,
  { rules, run }: { rules: PruneRules; run: CompleteRun },
): Change | null {
  const path = join(place.realTarget, file)
  const { cache } = run.hashContext.cacheAccess
  const record = cache.output(path)
  const existing = examineTorrent(path, record, run.request.common.parts.createdBy)
  if (existing?.owner !== 'own') return null
  const name = entryName(file) ?? file
  const isGone = record ? isSourceGone(record.source, path, rules) : isNameGone(name, path, rules)
  if (!isGone) return null
  if (!run.request.dryRun) {
    unlinkSync(path)
    cache.forgetOutput(path)
  }
  return {
    source: record?.source ?? join(place.directory, name),
    torrent: join(place.target, file),
    infoHash: null,
    oldInfoHash: existing.metainfo?.infoHash ?? null,
  }
}

function isSourceGone(source: string, path: string, { places, emptied }: PruneRules): boolean {
  const isOurs = places.some(({ realDirectory }) => realDirectory === dirname(source))
  if (!isOurs) return false
  return emptied.has(path) || lstatSync(source, { throwIfNoEntry: false }) === undefined
}

/** Entries that are left out, such as hidden ones, are there all the same. */
function isNameGone(name: string, path: string, rules: PruneRules): boolean {
  if (!rules.isComplete || rules.emptied.has(path)) return rules.isComplete
  return rules.places.every(
    ({ realDirectory }) =>
      lstatSync(join(realDirectory, name), { throwIfNoEntry: false }) === undefined,
  )
}
