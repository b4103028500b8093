import { constants } from 'node:fs'
import { isOfKind } from '../../files/stat-files.js'
import { type MirrorView, readEntries, toRefusal } from './mirror.js'

/** How a search goes through directories; `State` is its knowledge of each of them. */
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

/**
 * Searches a directory of the mirror and all below it, in any order. Links are followed as for
 * downloads.
 */
export async function* walkMirror<State>(
  view: MirrorView,
  start: Omit<Place<State>, 'above'>,
  walk: Walk<State>,
): AsyncGenerator<WalkedFiles<State>> {
  const waiting: Place<State>[] = [{ ...start, above: [] }]
  for (let place = waiting.pop(); place; place = waiting.pop()) {
    const { path: directory, state } = place
    try {
      const look = await view.directory(directory)
      if (!walk.mayLoop && place.above.includes(look.absolutePath)) continue
      const above = [...place.above, look.absolutePath]
      for await (const entries of readEntries(look)) {
        const paths: string[][] = []
        for (const entry of entries) {
          const turn = walk.pause()
          if (turn) await turn
          const path = [...directory, entry.name]
          if (!walk.isWanted(path, state)) continue
          const kind = entry.kind === 'unknown' ? await kindOf(path, view, walk) : entry.kind
          if (kind === 'file') paths.push(path)
          if (kind === 'file' || kind === null) continue
          const entered = walk.enter(path, state, kind === 'link')
          if (entered !== null) waiting.push({ path, state: entered, above })
        }
        yield { paths, state }
      }
    } catch (error) {
      walk.passOver(await toRefusal(error, directory, view.mirror), directory)
    }
  }
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
