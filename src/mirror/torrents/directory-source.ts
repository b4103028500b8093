import { isRaw } from '../../base/text/raw-path.js'
import { mapLimited } from '../../base/concurrency.js'
import { contentOfTree, cutIntoPieces } from '../../core/digests/content.js'
import { sortFiles } from '../../core/digests/sort-files.js'
import { FileColumns } from '../../disk/file-lists/columns.js'
import { FileStore } from '../../disk/file-lists/file-store.js'
import { skipReasonOf } from '../../disk/scan/entry.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import type { Budget } from '../../server/admission/memory.js'
import type { ServiceOptions } from '../options.js'
import {
  formatMirrorPath,
  isNameable,
  LOOKS_AT_ONCE,
  MirrorView,
  SERVICE_NAME,
} from '../tree/mirror.js'
import { walkMirror } from '../tree/walk.js'
import { FILE_COST } from '../tree/find-files.js'
import { refuseManyPieces } from './content.js'
import type { MirrorSource } from './make.js'
import { directoryKey } from './source-key.js'
import { notFound, Refusal } from '../../server/headers/refusal.js'
import { formatBytes } from '../../base/text/quantity.js'

/** Estimated work of searching a directory; see PlannedWork. */
const EFFORT = 1000

/**
 * The torrent of a directory, or of some entries of it. It has the name of the directory, and its
 * files have the paths of their addresses below it, so that clients find them there.
 * `chosen` has the names of the only entries that the torrent has, sorted; null for all.
 */
export function directorySource(
  directory: readonly string[],
  chosen: readonly string[] | null,
  version: MetainfoVersion,
  options: ServiceOptions,
): MirrorSource {
  const look = async (budget: Budget) => {
    const { files, omitted } = await findBelow(directory, chosen, options, budget)
    const name = directory.at(-1) ?? ''
    const tree = { root: name, isDirectory: true, files, skipped: [] }
    const content = cutIntoPieces(contentOfTree(tree, { version, name }), options.pieceLength)
    refuseManyPieces(content)
    const parts = { private: false, sourceTag: null }
    return { content, options: parts, state: null, directory: directory.slice(0, -1), omitted }
  }
  return { key: directoryKey(version, directory, chosen), effort: EFFORT, look }
}

/**
 * All files below a directory that makemetafile would include, sorted by path; links are followed
 * as for downloads. Hidden and system files are included if the mirror publishes hidden names.
 * Names are counted before any file is looked up, so that too large a directory costs little.
 * @throws Refusal
 */
async function findBelow(
  directory: readonly string[],
  chosen: readonly string[] | null,
  { mirror, limits: { maxFiles, maxSize } }: ServiceOptions,
  budget: Budget,
) {
  const where = formatMirrorPath(directory)
  const tooLarge = (why: string) => {
    return new Refusal('too-many', `${where}: ${why}; ask for a smaller directory`)
  }
  if (directory.length === 0) {
    const why = 'the root has no name for a torrent; ask for a directory in it'
    throw new Refusal('incompatible', why)
  }
  if (isOwn(directory)) throw notFound(where)
  const own = chosen && new Set(chosen)
  const view = new MirrorView(mirror)
  const omitted: string[] = []
  let count = 0
  const isWanted = (name: string, within: readonly string[]) => {
    const path = [...within, name]
    if (isRaw(name)) omitted.push(path.join('/'))
    if (!isNameable(name) || isOwn(path)) return false
    if (own && within.length === directory.length && !own.has(name)) return false
    // Leaves out the same names as makemetafile, for the same info hash
    if (skipReasonOf(name, { all: mirror.hidden }) !== undefined) return false
    if (++count > maxFiles) throw tooLarge(`more than ${maxFiles} files and directories`)
    budget.charge('bytes', FILE_COST + 2 * path.join('/').length)
    return true
  }
  // Errors of the searched directory itself are thrown
  const passOver = (error: unknown, path: readonly string[]) => {
    const isAbsent = error instanceof Refusal && ABSENT.includes(error.code)
    if (!isAbsent || path.length === directory.length) throw error
    if (error.code === 'not-permitted') omitted.push(path.join('/'))
  }
  const pause = () => {
    budget.charge('names', 1)
    return budget.isSliceOver() ? budget.nextSlice() : null
  }
  const walk = { isWanted, enter: () => true, passOver, pause, mayLoop: false }
  const paths: string[][] = []
  for await (const { names, place } of walkMirror(view, { path: directory, state: true }, walk)) {
    for (const name of names) paths.push([...place.path, name])
  }
  const store = new FileStore()
  await mapLimited(paths, LOOKS_AT_ONCE, async (path) => {
    await budget.pause()
    try {
      store.add({ ...(await view.file(path)), path: path.slice(directory.length) })
    } catch (error) {
      passOver(error, path)
    }
  })
  refuseAbsent(directory, chosen ?? [], paths)
  const files = new FileColumns(store)
  if (files.size > maxSize) throw tooLarge(`its files have more than ${formatBytes(maxSize)}`)
  const sorted = sortFiles(files, { by: 'path', isDescending: false })
  return { files: sorted, omitted: omitted.sort() }
}

/** Refuses entries that are not there any more: a torrent without them would surprise. */
function refuseAbsent(
  directory: readonly string[],
  chosen: readonly string[],
  paths: readonly (readonly string[])[],
): void {
  const there = new Set(paths.map((path) => path[directory.length]))
  const absent = chosen.find((name) => !there.has(name))
  if (absent !== undefined) throw notFound(formatMirrorPath([...directory, absent]))
}

const ABSENT: readonly string[] = ['not-found', 'not-permitted']

/**
 * Whether a path is below the service's own prefix: there it answers itself, and no client gets a
 * file.
 */
function isOwn(path: readonly string[]): boolean {
  return path[1] === SERVICE_NAME
}
