import { isTorrentName } from '../metainfo/name.js'
import { stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { asBtkitError, BtkitError, callSystem, osCodeOf, valueOr } from '../base/errors.js'
import { isSuspect, printableName, readEntries, someEntries } from '../disk/look/read-names.js'
import { stampsOf, statIfThere } from '../disk/look/stat-files.js'
import { walk } from '../disk/scan/walk.js'
import { doInTurns, sorted, type Turns } from '../base/steps.js'
import { inShell } from '../base/text/escape.js'

/** The deepest level of directories that is searched. */
const MAX_DEPTH = 100

/** A directory of a search. */
interface Place {
  readonly path: string
  /** The number of directories above it. */
  readonly depth: number
}

/**
 * Finds the names of .torrent files in a directory and below it, sorted, by the path of their
 * directory. Hidden entries and links to directories are skipped. `unreadable` has directories that
 * could not be read, whose content is unknown, and names that are not UTF-8. `turns`: see
 * doInTurns.
 */
export async function walkTorrents(root: string, turns?: Turns) {
  const names = new Map<string, string[]>()
  const unreadable = new Map<string, BtkitError>()
  const read = async function* ({ path }: Place) {
    if (turns) yield* someEntries(path)
    else yield await readEntries(path)
  }
  const onError = (error: unknown, { path }: Place) => {
    // A directory below the root may be removed during the search; that is no error
    if (path !== root && osCodeOf(error) === 'ENOENT') return
    const problem = asBtkitError(error, path)
    if (!(problem instanceof BtkitError)) throw problem
    unreadable.set(path, problem)
  }
  const start: Place = { path: root, depth: 0 }
  for await (const { directory, entries, enter } of walk(start, { read, onError })) {
    const { path, depth } = directory
    const seen = entries.filter(({ name }) => !name.startsWith('.'))
    const torrents = seen.filter((entry) => !entry.isDirectory() && isTorrentName(entry.name))
    const found = torrents.map(({ name }) => name)
    for (const name of found.filter(isSuspect)) {
      const shown = valueOr(name, () => callSystem(path, () => printableName(path, name)))
      if (shown === name) continue
      const problem = `${join(path, shown)}: the name is not valid UTF-8`
      unreadable.set(join(path, name), new BtkitError('bad-name', problem))
    }
    names.set(path, (names.get(path) ?? []).concat(found))
    for (const entry of depth === MAX_DEPTH ? [] : seen) {
      if (entry.isDirectory()) enter({ path: join(path, entry.name), depth: depth + 1 })
    }
  }
  for (const [path, found] of names)
    names.set(path, await doInTurns(sorted([...new Set(found)]), turns))
  return { names, unreadable }
}

/**
 * Finds torrents in directories and below; a file counts by itself. Ignores pipes and the like.
 * Returns for each path a text that identifies the state of the torrent. `unread` has directories
 * with errors, below which torrents may still exist, and names that are not UTF-8.
 */
export async function findTorrents(places: readonly string[]) {
  const stamps = new Map<string, string>()
  const unread = new Map<string, BtkitError>()
  for (const place of places) {
    const isFile = (await stat(place).catch(() => null))?.isFile() === true
    const { names, unreadable } = isFile
      ? { names: new Map([[dirname(place), [basename(place)]]]), unreadable: [] }
      : await walkTorrents(place)
    for (const [directory, error] of unreadable) unread.set(directory, error)
    for (const [directory, found] of names) {
      const paths = found.map((name) => (isFile ? place : join(directory, name)))
      for (const [i, stamp] of (await stampsOf(paths)).entries()) {
        const path = paths[i]
        if (path !== undefined && stamp !== null) stamps.set(path, stamp)
      }
    }
  }
  return { stamps, unread }
}

/**
 * Lists .torrent files, and those in directories and below, each once. Relative paths begin at
 * `cwd`. Returns also by path why others cannot be listed; directories without torrents are among
 * these.
 */
export async function torrentsAt(places: readonly string[], cwd: string) {
  const torrents = new Map<string, string>()
  const failures = new Map<string, BtkitError>()
  for (const place of places) {
    const path = resolve(cwd, place)
    if (!statIfThere(path)?.isDirectory()) {
      torrents.set(path, place)
      continue
    }
    const { stamps, unread } = await findTorrents([place])
    for (const [directory, error] of unread) failures.set(directory, error)
    for (const found of [...stamps.keys()].sort()) torrents.set(resolve(cwd, found), found)
    if (stamps.size === 0 && unread.size === 0) {
      const beside = `${place.replace(/\/+$/, '')}.torrent`
      const hint = statIfThere(beside)
        ? `did you mean ${beside}?`
        : `make its torrent first (btkit create ${inShell(place)}), then name that`
      failures.set(place, new BtkitError('empty', `${place}: contains no .torrent; ${hint}`))
    }
  }
  return { torrents: [...torrents.values()], failures }
}
