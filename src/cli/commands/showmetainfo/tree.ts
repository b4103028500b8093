import { escapeText } from '../../../text/escape.js'
import type { Metainfo, MetainfoFile } from '../../../metainfo/metainfo.js'
import { formatBytes } from '../../output/quantity.js'

/** Directories shown one below the other; what lies deeper stands on one line. */
const MAX_DEPTH = 32

/** The files of a torrent as an indented tree with sizes. Pad files are no one's, and left out. */
export function showTree({ name, size, isDirectory, files }: Metainfo): string {
  const head = `${escapeText(name)}${isDirectory ? '/' : ''} (${formatBytes(size)})\n`
  if (!isDirectory) return head
  let above: readonly string[] = []
  const lines = files
    .filter((file) => !file.padding)
    .map((file) => {
      const text = branch(file, above)
      above = directoriesOf(file)
      return text
    })
  return head + lines.join('')
}

/** The lines of a file: the directories that the file above it is not in, then the file itself. */
function branch(file: MetainfoFile, above: readonly string[]): string {
  const directories = directoriesOf(file)
  const differs = directories.findIndex((component, i) => component !== above[i])
  const known = differs < 0 ? directories.length : differs
  const headings = directories.slice(known).map((component, i) => {
    return `${indent(known + i)}${escapeText(component)}/\n`
  })
  const name = file.path.slice(directories.length).join('/')
  const line = `${indent(directories.length)}${escapeText(name)} (${formatBytes(file.length)})\n`
  return headings.join('') + line
}

function directoriesOf({ path }: MetainfoFile): string[] {
  return path.slice(0, Math.min(path.length - 1, MAX_DEPTH))
}

function indent(depth: number): string {
  return '  '.repeat(depth + 1)
}
