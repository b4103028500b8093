import type { FileDirectory } from '../../disk/file-lists/file-store.js'
import type { InfoEntry } from '../../metainfo/build/file-lists.js'
import type { Content } from './content.js'
import { rootOf, type FileTrees } from './file-trees.js'

/** Lists the files of content for its `info`. With `areMarked`, pad files get their attribute. */
export function listFiles(
  { files }: Content,
  areMarked: boolean,
  trees: FileTrees | null,
): Iterable<InfoEntry> {
  const { names } = files.store
  return {
    *[Symbol.iterator]() {
      // One object for all, because there may be very many
      const file: { -readonly [Key in keyof InfoEntry]: InfoEntry[Key] } = {
        directory: [],
        names: names.bytes,
        from: 0,
        to: 0,
        length: 0,
      }
      for (let number = 0; number < files.length; number++) {
        const row = files.rowAt(number)
        file.directory = files.directoryAt(number).components
        file.from = names.starts[row] ?? 0
        file.to = names.endAt(row)
        file.length = files.sizeAt(number)
        file.attr = areMarked && files.isPad(number) ? 'p' : files.attributesAt(number)
        file.symlinkPath = files.symlinkAt(number)
        file.piecesRoot = trees && file.length > 0 ? rootOf(trees, number) : null
        yield file
      }
    },
  }
}

/**
 * Most bytes of a file in the list of v1 or the tree of v2, and of a name, beside names and
 * letters.
 */
const MOST_BYTES = { inList: 48, inTree: 100, attributes: 12, symlink: 20, name: 8 }

/** Returns a number of bytes that the lists of files do not exceed. */
export function boundFiles({ version, files }: Content): number {
  const { names } = files.store
  const inList = version === 'v2' ? MOST_BYTES.inTree : MOST_BYTES.inList
  let bytes = 0
  let [directory, above]: [FileDirectory | null, number] = [null, 0]
  for (let i = 0; i < files.length; i++) {
    const row = files.rowAt(i)
    if (files.directoryAt(i) !== directory) {
      directory = files.directoryAt(i)
      above = boundNames(directory.components)
    }
    bytes += inList + above + MOST_BYTES.name + names.endAt(row) - (names.starts[row] ?? 0)
    const attributes = files.attributesAt(i)
    const symlinkPath = files.symlinkAt(i)
    if (attributes !== undefined) bytes += MOST_BYTES.attributes + attributes.length
    if (symlinkPath) bytes += MOST_BYTES.symlink + boundNames(symlinkPath)
  }
  return version === 'hybrid' ? 2 * bytes + MOST_BYTES.inTree * files.length : bytes
}

function boundNames(names: readonly string[]): number {
  let bytes = 0
  for (const name of names) bytes += MOST_BYTES.name + Buffer.byteLength(name)
  return bytes
}
