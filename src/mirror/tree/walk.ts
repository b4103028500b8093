import { constants } from 'node:fs'
import { isOfKind } from '../../disk/look/stat-files.js'
import { walk } from '../../disk/scan/walk.js'
import { LISTED, type Look } from './below-root.js'
import { isNameWithheld, type MirrorView, readEntries, toRefusal } from './mirror.js'

/** How a search of a mirror goes through directories; `State` is its knowledge of each of them. */
export interface MirrorSearch<State> {
  /**
   * Whether an entry of a directory is wanted, whatever its kind. Withheld names are not asked
   * about.
   */
  readonly isWanted: (name: string, directory: readonly string[], state: State) => boolean
  /** Returns the state of a directory in another one; null not to search it. */
  readonly enter: (path: readonly string[], state: State, isLink: boolean) => State | null
  /** Receives errors of paths that cannot be read; throws to end the search. */
  readonly passOver: (error: unknown, path: readonly string[]) => void
  /** Called before each entry; returns a promise if other work must have its turn. */
  readonly pause: () => Promise<void> | null
  /** Whether links may lead to directories above them; such links are ignored otherwise. */
  readonly mayLoop: boolean
}

/** A directory to search. */
interface Place<State> {
  readonly path: readonly string[]
  readonly state: State
  /** The real paths of the directories above it. */
  readonly above: readonly string[]
  /** The place that is searched after it and all below it. */
  next?: Place<State> | undefined
  /** Its look, once that was begun. */
  look?: Promise<Look>
}

/** Directories that are looked at together: alone, each would wake a thread. */
const LOOKS_AHEAD = 16

/**
 * Searches a directory of the mirror and all below it, in any order. Links are followed as for
 * downloads. Yields the names of some files of a directory, and this.
 */
export async function* walkMirror<State>(
  view: MirrorView,
  place: Omit<Place<State>, 'above'>,
  search: MirrorSearch<State>,
): AsyncGenerator<{ readonly names: string[]; readonly place: Place<State> }> {
  const read = (each: Place<State>) => readPlace(each, view, search)
  const onError = async (error: unknown, { path }: Place<State>) => {
    search.passOver(await toRefusal(error, path, view.mirror), path)
  }
  const start: Place<State> = { ...place, above: [] }
  for await (const { directory, entries, enter } of walk(start, { read, onError })) {
    const names: string[] = []
    for (const entry of entries) {
      if (typeof entry === 'string') names.push(entry)
      else enter(entry)
    }
    yield { names, place: directory }
  }
}

/** The names of files in a directory; then the directories in it, when it is no longer open. */
async function* readPlace<State>(
  place: Place<State>,
  view: MirrorView,
  search: MirrorSearch<State>,
): AsyncGenerator<(string | Place<State>)[], void> {
  const { path: directory, state, above } = place
  // Some at once, when those that were begun are used up
  for (let i = 0, next = place.look ? undefined : place; next && i < LOOKS_AHEAD; i++) {
    const looking = view.directory(next.path, LISTED)
    looking.catch(() => undefined)
    next.look = looking
    next = next.next
  }
  const look = await (place.look ?? view.directory(directory, LISTED))
  if (!search.mayLoop && above.includes(look.absolutePath)) return
  const here = [...above, look.absolutePath]
  const below: Place<State>[] = []
  for await (const entries of readEntries(look)) {
    const files: string[] = []
    for (const { name, kind: listed } of entries) {
      const turn = search.pause()
      if (turn) await turn
      if (isNameWithheld(name, directory.length, view.mirror)) continue
      if (!search.isWanted(name, directory, state)) continue
      const kind = listed === 'unknown' ? await kindOf([...directory, name], view, search) : listed
      if (kind === 'file') files.push(name)
      if (kind === 'file' || kind === null) continue
      const path = [...directory, name]
      const entered = search.enter(path, state, kind === 'link')
      if (entered !== null) below.push({ path, state: entered, above: here })
    }
    yield files
  }
  for (const [i, each] of below.entries()) each.next = below[i + 1]
  if (below.length > 0) yield below
}

/** The kind of an entry: `link` is a link to a directory; a link to a file counts as a file. */
async function kindOf(
  path: readonly string[],
  view: MirrorView,
  { passOver }: Pick<MirrorSearch<never>, 'passOver'>,
): Promise<'file' | 'directory' | 'link' | null> {
  try {
    const look = await view.look(path)
    if (isOfKind(look, constants.S_IFREG)) return 'file'
    if (!isOfKind(look, constants.S_IFDIR)) return null
    return look.isLink ? 'link' : 'directory'
  } catch (error) {
    passOver(error, path)
    return null
  }
}
