import { constants } from 'node:fs'
import { isOfKind } from '../../files/stat-files.js'
import { walk } from '../../files/walk.js'
import { type MirrorView, readEntries, toRefusal } from './mirror.js'

/** How a search of a mirror goes through directories; `State` is its knowledge of each of them. */
export interface Walk<State> {
  /** Whether an entry of a directory is wanted, whatever its kind. */
  readonly isWanted: (path: readonly string[], state: State) => boolean
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
}

/** Some files of a directory that has that state; their paths are those of the mirror. */
interface WalkedFiles<State> {
  readonly paths: string[][]
  readonly state: State
}

/** A path in a directory: a file, or a directory to search. */
type Step<State> = { readonly file: string[] } | { readonly below: Place<State> }

/**
 * Searches a directory of the mirror and all below it, in any order. Links are followed as for
 * downloads.
 */
export async function* walkMirror<State>(
  view: MirrorView,
  start: Omit<Place<State>, 'above'>,
  rules: Walk<State>,
): AsyncGenerator<WalkedFiles<State>> {
  const read = (place: Place<State>) => readPlace(place, view, rules)
  const onError = async (error: unknown, { path }: Place<State>) => {
    rules.passOver(await toRefusal(error, path, view.mirror), path)
  }
  const steps = walk<Place<State>, Step<State>>({ ...start, above: [] }, { read, onError })
  for await (const { directory, entries, enter } of steps) {
    const paths: string[][] = []
    for (const entry of entries) {
      if ('file' in entry) paths.push(entry.file)
      else enter(entry.below)
    }
    yield { paths, state: directory.state }
  }
}

/** Reads a directory. Those in it come last, when it is no longer open. */
async function* readPlace<State>(
  { path: directory, state, above }: Place<State>,
  view: MirrorView,
  rules: Walk<State>,
): AsyncGenerator<Step<State>[], void> {
  const look = await view.directory(directory)
  if (!rules.mayLoop && above.includes(look.absolutePath)) return
  const here = [...above, look.absolutePath]
  const below: Step<State>[] = []
  for await (const entries of readEntries(look)) {
    const files: Step<State>[] = []
    for (const entry of entries) {
      const turn = rules.pause()
      if (turn) await turn
      const path = [...directory, entry.name]
      if (!rules.isWanted(path, state)) continue
      const kind = entry.kind === 'unknown' ? await kindOf(path, view, rules) : entry.kind
      if (kind === 'file') files.push({ file: path })
      if (kind === 'file' || kind === null) continue
      const entered = rules.enter(path, state, kind === 'link')
      if (entered !== null) below.push({ below: { path, state: entered, above: here } })
    }
    yield files
  }
  yield below
}

/** The kind of an entry: `link` is a link to a directory; a link to a file counts as a file. */
async function kindOf(
  path: readonly string[],
  view: MirrorView,
  { passOver }: Pick<Walk<never>, 'passOver'>,
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
